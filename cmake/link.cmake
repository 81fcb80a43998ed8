# How the shared library is linked. Included by CMakeLists.txt's two ways of packing it (install.cmake, python.cmake).
include_guard()
include(CheckLinkerFlag)

# nodelete: thread-end keys and fork handlers outlive a dlclose, so the code they call must.
# Bsymbolic-functions: our calls to our own zmq_*() stay ours in a process that has loaded another libzmq.
foreach(flag -z,nodelete -Bsymbolic-functions)
  string(MAKE_C_IDENTIFIER "ZCFFI_LINKS${flag}" has)
  check_linker_flag(C "-Wl,${flag}" ${has})
  if(${has})
    target_link_options(zcffi_shared PRIVATE "-Wl,${flag}")
  endif()
endforeach()
