nova_run(face_api face_api)
