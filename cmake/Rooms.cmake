# A room is one folder and one static library. Its ROOMS list is its permission: a file of the room may include files of
# those rooms and of the rooms that these may include, and of no others (tests/architecture checks it from rooms.txt).
set_property(GLOBAL PROPERTY TUTTI_ROOMS "")

# tutti_room(NAME FOLDER SOURCES... [ROOMS inner rooms...] [LIBRARIES outside libraries...])
function(tutti_room name)
  cmake_parse_arguments(room "" "" "SOURCES;ROOMS;LIBRARIES" ${ARGN})
  file(RELATIVE_PATH folder ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  add_library(tutti_${name} STATIC ${room_SOURCES})
  target_include_directories(tutti_${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src> $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)
  target_link_libraries(tutti_${name} PRIVATE tutti_flags)
  target_link_libraries(tutti_${name} PUBLIC tutti_fmt ${room_LIBRARIES})
  foreach(inner IN LISTS room_ROOMS)
    target_link_libraries(tutti_${name} PUBLIC tutti_${inner})
  endforeach()
  list(JOIN room_ROOMS "," rooms)
  set_property(GLOBAL APPEND PROPERTY TUTTI_ROOMS "${name} ${folder} ${rooms}")
endfunction()

# Writes one line a room, `name folder inner,rooms`, for the architecture test.
function(tutti_write_rooms file)
  get_property(rooms GLOBAL PROPERTY TUTTI_ROOMS)
  list(JOIN rooms "\n" text)
  file(WRITE ${file} "${text}\n")
endfunction()
