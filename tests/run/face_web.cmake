# The dashboard without a fleet: its pure parts, and its pages against a double of the API. No C
# of ours runs in them: once is enough, without sanitizers.
if(NOT NOVA_SANITIZE)
	nova_run(face_pure face_pure)
	nova_run(face_looks face_looks)
endif()
