# Nova in the cloud: what clusters mount, the templates, and deploy.sh against doubles. What tests
# scripts and templates, and no C code, runs in the plain build.
nova_run(cloud_mounts cloud_mounts)
if(NOT NOVA_SANITIZE)
	nova_run(cloud_template cloud_template)
	nova_run(cloud_k8s cloud_k8s)
	nova_run(cloud_aws cloud_aws TIMEOUT 900)
	nova_run(cloud_pod cloud_pod TIMEOUT 1800)
	nova_run(cloud_registry cloud_registry TIMEOUT 1800)
	nova_run(cloud_host cloud_host TIMEOUT 1800)
endif()
