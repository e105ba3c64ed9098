#!/bin/bash
# One command from a bare Debian 12 to a running Nova: ./deploy.sh help
#
# Installs only what is missing, builds inside build/, and touches nothing else unless a
# target says so. Needs root (or sudo) only when a package has to be installed or a service
# started. Each target has a file of its own in deploy/.
set -eu
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

targets='local systemd docker aws k8s cloud'
verbs='start stop restart logs status help'

# shellcheck source=deploy/lib.sh
. deploy/lib.sh

usage()
{
	cat <<'END'
usage: ./deploy.sh demo | test | help
       ./deploy.sh TARGET [start|stop|restart|logs|status|help]

  demo     install what is missing, build, start Nova in the foreground with the example
           fleet and say what to look at. Ctrl-C stops everything. Its files lie in a fresh
           directory, or in NOVA_DEMO_DIR (which is continued if it was used before).
  test     install what is missing, build with warnings as errors and with sanitizers, run
           all tests and checks. The last line is "N passed, N failed".
  help     this text

Targets, and what runs Nova there:
  local    this checkout, in the background, for whoever calls
  systemd  this machine, as a service, from the Debian package
  docker   a container, by compose, podman or docker
  aws      an ECS service with a disk of its own, by CloudFormation
  k8s      a StatefulSet on a Kubernetes cluster
  cloud    a Debian machine that ssh reaches; or the image, in any registry

start is what a target does without a verb. Each verb ends when its result is proven, or says
why it is not: start when `novactl health` says so, stop when nothing of it runs any more.
`./deploy.sh TARGET help` has the settings of one.

exit code: 0 done, 1 the answer is no, 2 wrong use, 3 nothing is running, 4 failed

Works as root or with sudo; without either when nothing needs to be installed.
END
}

# among WORD "LIST"
among()
{
	case " $2 " in *" $1 "*) return 0 ;; esac
	return 1
}

target=${1-help}
case $target in
demo | test)
	[ $# -eq 1 ] || die 2 "$target takes no argument, got: $2"
	# shellcheck source=/dev/null
	. "deploy/$target.sh"
	"target_$target"
	;;
help | -h | --help)
	usage
	;;
*)
	verb=${2-start}
	among "$target" "$targets" ||
		die 2 "there is no target \"$target\"; there are: demo, test, help, ${targets// /, }"
	[ $# -le 2 ] || die 2 "$target $verb takes no argument, got: $3"
	among "$verb" "$verbs" ||
		die 2 "there is no verb \"$verb\"; there are: ${verbs// /, }"
	# shellcheck source=/dev/null
	. "deploy/$target.sh"
	"target_$verb"
	;;
esac
