# SPDX-License-Identifier: GPL-2.0-or-later
#
# Run by cpack before it packs the .deb: puts into the staged files what Debian's policy wants where it wants it.

set(_root "${CPACK_TEMPORARY_INSTALL_DIRECTORY}")
set(_share "${_root}${CPACK_INSTALL_PREFIX}/share")
set(_doc "${_share}/doc/${CPACK_PACKAGE_NAME}")

function(gzip _file)
	execute_process(COMMAND gzip -9n "${_file}" COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# The documentation is called as the package is.
file(RENAME "${_share}/doc/sip_redirect" "${_doc}")
configure_file("${PACKAGING_DIR}/copyright" "${_doc}/copyright" COPYONLY)
configure_file("${PACKAGING_DIR}/README.Debian" "${_doc}/README.Debian" COPYONLY)

# The project's own changes; Debian's say what the package is.
configure_file("${PACKAGING_DIR}/../CHANGELOG.md" "${_doc}/changelog" COPYONLY)
gzip("${_doc}/changelog")
string(TIMESTAMP _date "%a, %d %b %Y %H:%M:%S +0000" UTC)
file(WRITE "${_doc}/changelog.Debian" "${CPACK_PACKAGE_NAME} (${CPACK_DEBIAN_PACKAGE_VERSION}-\
${CPACK_DEBIAN_PACKAGE_RELEASE}) unstable; urgency=medium

  * Package of sip_redirect ${CPACK_DEBIAN_PACKAGE_VERSION}, made from its sources by cpack.

 -- ${CPACK_DEBIAN_PACKAGE_MAINTAINER}  ${_date}
")
gzip("${_doc}/changelog.Debian")
file(GLOB _pages "${_share}/man/man*/*")
foreach(_page IN LISTS _pages)
	gzip("${_page}")
endforeach()
