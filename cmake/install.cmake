install(TARGETS zcffi_shared zcffi_static EXPORT zcffiTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES native/include/zmq.h native/include/zmq_utils.h native/include/zcffi.h
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
