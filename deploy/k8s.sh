# shellcheck shell=bash
# `deploy.sh k8s`: Nova as a StatefulSet of one, on the cluster that kubectl talks to. Sourced by
# deploy.sh.

# shellcheck source=deploy/image.sh
. deploy/image.sh

manifests=${NOVA_K8S_DIR:-deploy/k8s/base}
namespace=${NOVA_K8S_NAMESPACE:-nova}
patience=${NOVA_START_S:-600}

target_help()
{
	cat <<'END'
usage: ./deploy.sh k8s [start|stop|restart|logs|status]

Runs Nova on the Kubernetes cluster that kubectl talks to, from deploy/k8s/base or an overlay of
yours (deploy/k8s/example is one to copy).

  start    apply the manifests, wait until the pod is ready and `novactl health` in it content
  stop     scale to 0 and wait until the pod is gone; the disks with ledger and logs stay
  restart  a new pod on the same disks; the old one is stopped in order first
  logs     what Nova said, then the lines of every agent as they come
  status   novactl status

NOVA_K8S_DIR        the overlay (deploy/k8s/base)
NOVA_K8S_NAMESPACE  the namespace that it names (nova)
NOVA_K8S_CONTEXT    of kubectl's contexts, which one
NOVA_IMAGE          the image that the cluster pulls, instead of the overlay's
NOVA_REGISTRY       REGISTRY/NAME:TAG: build this tree, push it there, run that
NOVA_START_S        how many seconds a start may take (600)

Secrets: kubectl -n nova create secret generic nova-secrets --from-file=stripe_api_key=./FILE
END
}

kube()
{
	local context=()
	[ -z "${NOVA_K8S_CONTEXT-}" ] || context=(--context "$NOVA_K8S_CONTEXT")
	kubectl ${context[@]+"${context[@]}"} --namespace "$namespace" "$@"
}

reachable()
{
	command -v kubectl >/dev/null 2>&1 || die 4 "this needs kubectl"
	kube version >/dev/null 2>&1 || {
		kube version >&2 || true
		die 4 "kubectl does not reach a cluster; above is why"
	}
}

# there KIND/NAME: is there one? Everything else that goes wrong is not "no".
there()
{
	local found
	found=$(kube get "$1" --ignore-not-found --output name) || die 4 "kubectl get $1 failed"
	[ -n "$found" ]
}

novactl()
{
	kube exec nova-0 --container nova -- novactl "$@"
}

# Why it does not come up, as far as the cluster knows.
explain()
{
	{
		echo "--- events of the pod"
		kube get events --field-selector involvedObject.name=nova-0 \
			--sort-by .lastTimestamp | tail -n 15
		echo "--- the end of its log"
		kube logs nova-0 --container nova --tail 30 ||
			kube logs nova-0 --container nova --tail 30 --previous
		echo "--- novactl health"
		novactl health
	} >&2 2>&1 || true
}

# An overlay of the manifests with the image that was asked for; sets `manifests`.
with_image()
{
	local image=$1 above
	[[ $image =~ ^[A-Za-z0-9][A-Za-z0-9._:/@-]*$ ]] || die 2 "$image is no name of an image"
	scratch=$(mktemp -d)
	trap 'rm -rf -- "$scratch"' EXIT
	above=$(realpath --relative-to="$scratch" -- "$manifests")
	cat >"$scratch/kustomization.yaml" <<END
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - $above
patches:
  - target:
      kind: StatefulSet
      name: nova
    patch: |-
      - op: replace
        path: /spec/template/spec/containers/0/image
        value: $image
END
	manifests=$scratch
}

ready()
{
	[ "$(kube get pod/nova-0 --ignore-not-found --output \
		'jsonpath={.status.conditions[?(@.type=="Ready")].status}')" = True ]
}

# proven: the pod that the manifests want is there, ready, and Nova in it is healthy.
proven()
{
	kube rollout status statefulset/nova --timeout "${patience}s" && novactl health && return
	explain
	die 4 "Nova is not healthy on the cluster; above is why"
}

target_start()
{
	local was_stuck=no
	reachable
	[ -f "$manifests/kustomization.yaml" ] || die 2 "$manifests has no kustomization.yaml"
	[ -z "${NOVA_IMAGE-}${NOVA_REGISTRY-}" ] || choose_image
	if there pod/nova-0 && ! ready; then
		was_stuck=yes
	fi
	kube apply --kustomize "$manifests" || die 4 "the manifests were refused; above is why"
	# A pod that never became ready is not replaced by the StatefulSet's own rollout.
	[ "$was_stuck" = no ] || kube delete pod/nova-0 --ignore-not-found
	proven
	novactl status
	say "Nova runs on the cluster. Its dashboard: kubectl -n $namespace port-forward nova-0 5001"
}

choose_image()
{
	local image=${NOVA_IMAGE-}
	if [ -n "${NOVA_REGISTRY-}" ]; then
		image=$NOVA_REGISTRY
		image_tool
		[ -n "${NOVA_IMAGE-}" ] || image_build "$image"
		image_push "${NOVA_IMAGE:-$image}" "$image"
	fi
	with_image "$image"
}

target_stop()
{
	reachable
	there statefulset/nova || { say "Nova is not on the cluster"; return 0; }
	kube scale statefulset/nova --replicas 0
	if there pod/nova-0; then
		kube wait --for=delete pod/nova-0 --timeout "${NOVA_STOP_S:-200}s" ||
			! there pod/nova-0 || die 4 "the pod is still there; kubectl -n $namespace describe pod nova-0 says more"
	fi
	say "stopped. The disks stay:"
	kube get persistentvolumeclaims
}

target_restart()
{
	reachable
	there statefulset/nova || die 3 "Nova is not on the cluster: ./deploy.sh k8s start"
	if there pod/nova-0; then
		kube rollout restart statefulset/nova
	else
		kube scale statefulset/nova --replicas 1
	fi
	proven
}

running()
{
	reachable
	there pod/nova-0 || die 3 "Nova does not run on the cluster"
}

target_logs()
{
	running
	kube logs nova-0 --container nova --tail 100
	novactl logs --all -f
}

target_status()
{
	local rc=0
	running
	kube get pod/nova-0 --output wide
	novactl status || rc=$?
	novactl health || rc=$?
	return "$rc"
}
