# The dashboard without a fleet: its pure parts, and its pages against a double of the API.
nova_run(face_pure face_pure)
nova_run(face_looks face_looks)
