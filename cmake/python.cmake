# The Python part of the build: zcffi._cffi and zcffi._fast beside the core's shared library, all in the package's
# own folder. Included by CMakeLists.txt when scikit-build-core builds a wheel.
#
# ZCFFI_BACKEND=bundled   the core built here (target zcffi_shared) travels in the wheel
# ZCFFI_BACKEND=system    a zcffi or libzmq that is already on the system, found by pkg-config or by name;
#                         ZCFFI_SYSTEM_LIBRARY names it by path

set(ZCFFI_BACKEND "bundled" CACHE STRING "What the Python package runs on: bundled or system")
set_property(CACHE ZCFFI_BACKEND PROPERTY STRINGS bundled system)

find_package(Python 3.11 REQUIRED COMPONENTS Interpreter Development.Module ${SKBUILD_SABI_COMPONENT})

set(ZCFFI_INCLUDE_DIR "${PROJECT_SOURCE_DIR}/native/include")
set(ZCFFI_PYTHON_DIR "${PROJECT_SOURCE_DIR}/native/src/python")

# ---- The backend: zcffi_python_backend is what both modules link to ------------------------------------------------

add_library(zcffi_python_backend INTERFACE)
target_include_directories(zcffi_python_backend INTERFACE "${ZCFFI_INCLUDE_DIR}" "${ZCFFI_PYTHON_DIR}")

if(ZCFFI_BACKEND STREQUAL "bundled")
  target_link_libraries(zcffi_python_backend INTERFACE zcffi_shared)
  set(ZCFFI_BACKEND_HAS_ZCFFI TRUE)
elseif(ZCFFI_BACKEND STREQUAL "system")
  if(NOT ZCFFI_SYSTEM_LIBRARY)
    find_package(PkgConfig QUIET)
    if(PkgConfig_FOUND)
      pkg_search_module(ZCFFI_SYSTEM QUIET zcffi libzmq>=4.3.2)
    endif()
    # A machine may have the library without its development package: our own header serves.
    find_library(ZCFFI_SYSTEM_LIBRARY NAMES ${ZCFFI_SYSTEM_LIBRARIES} zcffi zmq libzmq.so.5
                 HINTS ${ZCFFI_SYSTEM_LIBRARY_DIRS})
  endif()
  if(NOT ZCFFI_SYSTEM_LIBRARY)
    message(FATAL_ERROR "ZCFFI_BACKEND=system: neither zcffi nor libzmq was found. Install libzmq "
                        "(Debian: libzmq5), or name it: -DZCFFI_SYSTEM_LIBRARY=/path/to/libzmq.so.5")
  endif()
  target_link_libraries(zcffi_python_backend INTERFACE "${ZCFFI_SYSTEM_LIBRARY}")

  include(CMakePushCheckState)
  include(CheckCSourceCompiles)
  cmake_push_check_state(RESET)
  set(CMAKE_REQUIRED_LIBRARIES "${ZCFFI_SYSTEM_LIBRARY}")
  set(CMAKE_REQUIRED_INCLUDES "${ZCFFI_INCLUDE_DIR}")
  check_c_source_compiles("#include <zcffi.h>
int main(void) { return zcffi_recv_packed(NULL, NULL, 0, NULL, 0, 0, 0) < 0 ? 0 : 1; }" ZCFFI_BACKEND_HAS_ZCFFI)
  cmake_pop_check_state()
  message(STATUS "zcffi: the backend is ${ZCFFI_SYSTEM_LIBRARY}")
else()
  message(FATAL_ERROR "ZCFFI_BACKEND is '${ZCFFI_BACKEND}': it must be bundled or system")
endif()

if(ZCFFI_BACKEND_HAS_ZCFFI)
  target_compile_definitions(zcffi_python_backend INTERFACE ZCFFI_HAS_ZCFFI=1)
  set(without_zcffi "")
else()
  target_compile_definitions(zcffi_python_backend INTERFACE ZCFFI_HAS_ZCFFI=0)
  set(without_zcffi "--without-zcffi")
endif()

# ---- The first door: everything, through cffi ----------------------------------------------------------------------

set(cffi_source "${CMAKE_CURRENT_BINARY_DIR}/_cffi.c")
add_custom_command(
  OUTPUT "${cffi_source}"
  COMMAND Python::Interpreter "${PROJECT_SOURCE_DIR}/build_ffi.py" "${cffi_source}" --backend ${ZCFFI_BACKEND}
          ${without_zcffi}
  DEPENDS "${PROJECT_SOURCE_DIR}/build_ffi.py" "${ZCFFI_INCLUDE_DIR}/zmq.h" "${ZCFFI_INCLUDE_DIR}/zcffi.h"
          "${ZCFFI_PYTHON_DIR}/helper.h"
  COMMENT "Generating _cffi.c from the public headers"
  VERBATIM)

function(zcffi_python_module name)
  if(SKBUILD_SABI_VERSION)
    python_add_library(${name} MODULE USE_SABI ${SKBUILD_SABI_VERSION} WITH_SOABI ${ARGN})
  else()
    python_add_library(${name} MODULE WITH_SOABI ${ARGN})
  endif()
  target_link_libraries(${name} PRIVATE zcffi_python_backend)
  set_target_properties(${name} PROPERTIES C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF
                                           C_VISIBILITY_PRESET hidden)
  if(ZCFFI_BACKEND STREQUAL "bundled")
    if(APPLE)
      set_target_properties(${name} PROPERTIES INSTALL_RPATH "@loader_path")
    else()
      set_target_properties(${name} PROPERTIES INSTALL_RPATH "$ORIGIN")
    endif()
  else()
    set_target_properties(${name} PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
  endif()
  install(TARGETS ${name} DESTINATION zcffi COMPONENT python)
endfunction()

zcffi_python_module(_cffi "${cffi_source}" "${ZCFFI_PYTHON_DIR}/helper.c")

# ---- The second door: the hot calls, as plain C functions that keep the GIL ----------------------------------------

if(Python_INTERPRETER_ID STREQUAL "Python")
  zcffi_python_module(_fast "${ZCFFI_PYTHON_DIR}/fast.c" "${ZCFFI_PYTHON_DIR}/call.c"
                      "${ZCFFI_PYTHON_DIR}/hot.c" "${ZCFFI_PYTHON_DIR}/many.c" "${ZCFFI_PYTHON_DIR}/message.c"
                      "${ZCFFI_PYTHON_DIR}/ready.c" "${ZCFFI_PYTHON_DIR}/single.c"
                      "${ZCFFI_PYTHON_DIR}/socket.c" "${ZCFFI_PYTHON_DIR}/whole.c")
endif()

# ---- The core and its headers, for the package and for C extensions that share it ----------------------------------

if(ZCFFI_BACKEND STREQUAL "bundled")
  include(${CMAKE_CURRENT_LIST_DIR}/link.cmake)
  # A wheel holds no symbolic links: with a version in its name the library would be packed three times.
  set_property(TARGET zcffi_shared PROPERTY VERSION)
  set_property(TARGET zcffi_shared PROPERTY SOVERSION)
  install(TARGETS zcffi_shared
          LIBRARY DESTINATION zcffi COMPONENT python NAMELINK_SKIP
          RUNTIME DESTINATION zcffi COMPONENT python
          ARCHIVE DESTINATION zcffi COMPONENT python)
endif()
install(FILES "${ZCFFI_INCLUDE_DIR}/zmq.h" "${ZCFFI_INCLUDE_DIR}/zmq_utils.h" "${ZCFFI_INCLUDE_DIR}/zcffi.h"
        DESTINATION zcffi/include COMPONENT python)
