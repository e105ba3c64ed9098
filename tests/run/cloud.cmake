# Nova in the cloud: what clusters mount, the templates, and deploy.sh against doubles.
nova_run(cloud_mounts cloud_mounts)
