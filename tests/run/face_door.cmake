# The door of the face: who may what, sessions, streams.
foreach(name IN ITEMS face_auth face_streams)
	nova_run(${name} ${name} TIMEOUT 900)
endforeach()
