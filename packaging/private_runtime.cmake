# Copies the loader and every library that the program needs into ${chorale_runtime}, and lists in ${chorale_bundled}
# where they came from. Runs at install time.
file(GET_RUNTIME_DEPENDENCIES EXECUTABLES ${chorale_program} RESOLVED_DEPENDENCIES_VAR libraries
     UNRESOLVED_DEPENDENCIES_VAR missing)
if(missing)
  message(FATAL_ERROR "not found for the private runtime: ${missing}")
endif()
list(JOIN libraries "\n" lines)
file(WRITE ${chorale_bundled} "${lines}\n")
file(REMOVE_RECURSE ${chorale_runtime})
file(MAKE_DIRECTORY ${chorale_runtime})
foreach(library IN LISTS libraries)
  # Under the name that the program asks for, without the chain of links.
  get_filename_component(name ${library} NAME)
  file(REAL_PATH ${library} real)
  file(COPY ${real} DESTINATION ${chorale_runtime}
       FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
  get_filename_component(real_name ${real} NAME)
  if(NOT real_name STREQUAL name)
    file(RENAME ${chorale_runtime}/${real_name} ${chorale_runtime}/${name})
  endif()
endforeach()
if(NOT EXISTS ${chorale_runtime}/ld-linux-x86-64.so.2)
  message(FATAL_ERROR "the loader is not among what ${chorale_program} needs")
endif()
