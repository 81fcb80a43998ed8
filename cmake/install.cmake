# Installs the libraries, their headers, a CMake package and a pkg-config file: as zcffi, or with ZCFFI_DROP_IN as
# libzmq. Nothing that is installed holds an absolute path, so `cmake --install build --prefix P` may name any P and
# the tree may be moved afterwards.
include(CMakePackageConfigHelpers)
include(${CMAKE_CURRENT_LIST_DIR}/link.cmake)

if(ZCFFI_DROP_IN)
  set(package ZeroMQ)
  set(package_version 4.3.5) # the level of the API, as zmq_version() tells it
  set(pc libzmq)
  set_target_properties(zcffi_shared PROPERTIES EXPORT_NAME libzmq)
  set_target_properties(zcffi_static PROPERTIES EXPORT_NAME libzmq-static)
  set(namespace "")
else()
  set(package zcffi)
  set(package_version ${PROJECT_VERSION})
  set(pc zcffi)
  set(namespace zcffi::)
endif()

# The archive holds the core's objects; whoever links it needs threads beside it and nothing else.
set_target_properties(zcffi_static PROPERTIES INTERFACE_LINK_LIBRARIES Threads::Threads)

install(TARGETS zcffi_shared zcffi_static EXPORT ${package}Targets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES native/include/zmq.h native/include/zmq_utils.h native/include/zcffi.h
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

# ---- find_package(zcffi), find_package(ZeroMQ) ---------------------------------------------------------------------

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/${package})
configure_package_config_file(cmake/${package}Config.cmake.in ${package}Config.cmake
  INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO)
if(ZCFFI_DROP_IN)
  set(compatible AnyNewerVersion)
else()
  set(compatible SameMinorVersion)
endif()
write_basic_package_version_file(${package}ConfigVersion.cmake VERSION ${package_version} COMPATIBILITY ${compatible})
install(EXPORT ${package}Targets NAMESPACE ${namespace} DESTINATION ${package_dir})
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${package}Config.cmake ${CMAKE_CURRENT_BINARY_DIR}/${package}ConfigVersion.cmake
  DESTINATION ${package_dir})

# ---- pkg-config ----------------------------------------------------------------------------------------------------

# From the file's own folder up to the prefix; a folder that was given as an absolute path stays as it is.
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
  set(pc_prefix "${CMAKE_INSTALL_PREFIX}")
else()
  file(RELATIVE_PATH up "/p/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/p")
  string(REGEX REPLACE "/$" "" up "${up}")
  set(pc_prefix "\${pcfiledir}/${up}")
endif()
foreach(dir LIBDIR INCLUDEDIR)
  if(IS_ABSOLUTE "${CMAKE_INSTALL_${dir}}")
    set(pc_${dir} "${CMAKE_INSTALL_${dir}}")
  else()
    set(pc_${dir} "\${prefix}/${CMAKE_INSTALL_${dir}}")
  endif()
endforeach()
configure_file(cmake/package.pc.in ${pc}.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${pc}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
