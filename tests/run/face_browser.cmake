# The dashboard in Chromium, before a real fleet.
if(NOVA_WEB)
	nova_run(face_browser face_browser TIMEOUT 1800)
endif()
