nova_run(face_api face_api)
nova_run(face_events face_events)
