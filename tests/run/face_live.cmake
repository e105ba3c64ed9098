# The live picture of the face in a real fleet.
nova_run(face_live face_live TIMEOUT 900)
nova_run(face_rest face_rest)
