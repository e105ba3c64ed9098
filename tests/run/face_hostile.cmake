# Clients of the face that mean harm.
nova_run(face_hostile face_hostile TIMEOUT 900)
