# SPDX-License-Identifier: GPL-2.0-or-later
#
# The configuration profile "SIP Redirects": installed among Wireshark's global profiles, and as a zip to import.

set(PROFILE_NAME "SIP Redirects")
set(PROFILE_FILES colorfilters dfilter_buttons dfilter_macros dmacros preferences recent)
set(PROFILE_ZIP "${CMAKE_BINARY_DIR}/sip-redirects-profile.zip")
set(PROFILE_STAGE "${CMAKE_BINARY_DIR}/profile")

set(PROFILE_SOURCES ${PROFILE_FILES})
list(TRANSFORM PROFILE_SOURCES PREPEND "${PROJECT_SOURCE_DIR}/profile/")

add_custom_command(OUTPUT "${PROFILE_ZIP}"
	COMMAND ${CMAKE_COMMAND} -E make_directory "${PROFILE_STAGE}/${PROFILE_NAME}"
	COMMAND ${CMAKE_COMMAND} -E copy ${PROFILE_SOURCES} "${PROFILE_STAGE}/${PROFILE_NAME}"
	COMMAND ${CMAKE_COMMAND} -E chdir "${PROFILE_STAGE}"
		${CMAKE_COMMAND} -E tar cf "${PROFILE_ZIP}" --format=zip -- "${PROFILE_NAME}"
	DEPENDS ${PROFILE_SOURCES}
	VERBATIM
)
add_custom_target(profile_zip ALL DEPENDS "${PROFILE_ZIP}")

install(FILES ${PROFILE_SOURCES} DESTINATION "${CMAKE_INSTALL_DATADIR}/wireshark/profiles/${PROFILE_NAME}")
configure_file("${PROJECT_SOURCE_DIR}/docs/sip_redirect.4.in" "${CMAKE_BINARY_DIR}/docs/sip_redirect.4" @ONLY)
install(FILES "${CMAKE_BINARY_DIR}/docs/sip_redirect.4" DESTINATION "${CMAKE_INSTALL_MANDIR}/man4")
# The remedies of 301 and 302 name this page.
install(FILES "${PROJECT_SOURCE_DIR}/docs/why-not-followed.md" DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/sip_redirect/docs")
