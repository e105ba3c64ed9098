# shellcheck shell=bash
# `deploy.sh aws`: Nova as an ECS service on a host with the ledger's own disk, by CloudFormation.
# Sourced by deploy.sh.

# shellcheck source=deploy/image.sh
. deploy/image.sh

# shellcheck disable=SC2034 # of image_fleet
default_config=deploy/aws/etc
stack=${NOVA_AWS_STACK:-nova}
template=deploy/aws/template.yaml
patience=${NOVA_START_S:-1200}
export AWS_PAGER=
poll=${NOVA_AWS_POLL_S:-5}
host_images=/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id
packages_aws='
awscli:asks AWS for everything'

target_help()
{
	cat <<'END'
usage: ./deploy.sh aws [start|stop|restart|logs|status]

Runs Nova on AWS: one ECS task on one EC2 host, the ledger on an EBS volume that only that host
has, verified copies of it on EFS. deploy/aws/template.yaml says what is made, and why so.

  start    make or change the stack, build and push the image, wait until the task is healthy
  stop     scale to 0 and wait until the task has ended; everything else stays, and costs
  restart  a new task on the same disk; the old one is stopped in order first
  logs     what Nova said in the last hour, and what comes
  status   the service, its task, and what happened last

Credentials and region come as for every use of the AWS CLI (AWS_PROFILE, AWS_REGION ...).

NOVA_AWS_STACK       name of the stack (nova)
NOVA_AWS_SUBNET      subnet of the host (one of the default VPC); of a new stack only
NOVA_AWS_SECRET      ARN of a secret with lines NAME=VALUE, such as stripe_api_key=...
NOVA_AWS_PARAMETERS  further parameters of the template: "InstanceType=t3.large StateGiB=50"
NOVA_AWS_NEW_HOST    yes: on the newest host image, which replaces the host (stops Nova first)
NOVA_DEPLOY_CONFIG   directory with nova.yaml and workers.d (deploy/aws/etc)
NOVA_DEPLOY_AGENTS   directory with your agents' programs, in the image /opt/agents
NOVA_IMAGE           image of Nova to put them on, instead of building one from this tree
NOVA_START_S         how many seconds a start may take (1200)
NOVA_AWS_POLL_S      seconds between two looks at a task (5)
END
}

account()
{
	aws sts get-caller-identity --query Account --output text ||
		die 4 "AWS does not know who asks; above is why"
}

# read_stack: sets stack_status, empty when there is no stack of that name, and what it made, as
# far as it did: repository, cluster, service, log_group.
read_stack()
{
	local said rc=0 key value
	command -v aws >/dev/null 2>&1 || install_missing "$packages_aws"
	stack_status='' repository='' cluster='' service='' log_group=''
	# shellcheck disable=SC2016 # of the query's own language
	said=$(aws cloudformation describe-stacks --stack-name "$stack" --output text --query \
		'Stacks[0].[[[`Status`, StackStatus]], Outputs[].[OutputKey, OutputValue]][]' 2>&1) ||
		rc=$?
	case $rc:$said in
	0:*) ;;
	*"does not exist"*) return 0 ;;
	*) die 4 "$said" ;;
	esac
	while IFS=$'\t' read -r key value; do
		case $key in
		Status) stack_status=$value ;;
		Repository) repository=$value ;;
		Cluster) cluster=$value ;;
		Service) service=$value ;;
		LogGroup) log_group=$value ;;
		esac
	done <<<"$said"
}

# Fails when there is no service: no stack, or one without an image yet.
find_service()
{
	read_stack
	[ -n "$service" ]
}

# apply PARAMETER=VALUE...: those that are not named keep the value they have.
apply()
{
	local extra=()
	read -r -a extra <<<"${NOVA_AWS_PARAMETERS-}"
	[ -z "${NOVA_AWS_SECRET-}" ] || extra+=("SecretArn=$NOVA_AWS_SECRET")
	set -- "$@" ${extra[@]+"${extra[@]}"}
	aws cloudformation deploy --stack-name "$stack" --template-file "$template" \
		--capabilities CAPABILITY_IAM --no-fail-on-empty-changeset \
		${1+--parameter-overrides "$@"} && return
	# shellcheck disable=SC2016 # of the query's own language
	aws cloudformation describe-stack-events --stack-name "$stack" --max-items 40 \
		--query 'StackEvents[?contains(ResourceStatus, `FAILED`)].[LogicalResourceId, ResourceStatusReason]' \
		--output text >&2 || true
	! find_service || explain
	die 4 "the stack $stack could not be brought up; above is why"
}

newest_host_image()
{
	aws ssm get-parameter --name "$host_images" --query Parameter.Value --output text ||
		die 4 "AWS does not say which host image is the newest"
}

# Where a new stack goes, as parameters: the subnet that was named, or one of the default VPC.
place()
{
	local filter=(--filters "Name=default-for-az,Values=true") vpc subnet zone
	[ -z "${NOVA_AWS_SUBNET-}" ] || filter=(--subnet-ids "$NOVA_AWS_SUBNET")
	read -r vpc subnet zone < <(aws ec2 describe-subnets "${filter[@]}" \
		--query 'sort_by(Subnets, &AvailabilityZone)[0].[VpcId, SubnetId, AvailabilityZone]' \
		--output text) || true
	[ -n "${zone-}" ] || die 2 "there is no default VPC here: name a subnet in NOVA_AWS_SUBNET"
	printf '%s\n' "VpcId=$vpc" "SubnetId=$subnet" "AvailabilityZone=$zone"
}

# The stack without a service: what an image can be pushed to.
made()
{
	local parameters image
	read_stack
	case $stack_status in
	'')
		say "making the stack $stack"
		parameters=$(place) && image=$(newest_host_image) || exit
		# shellcheck disable=SC2086 # one word a parameter
		apply $parameters "HostImage=$image"
		read_stack
		;;
	ROLLBACK_COMPLETE | ROLLBACK_FAILED | CREATE_FAILED)
		die 4 "the stack $stack was never made ($stack_status): aws cloudformation delete-stack --stack-name $stack"
		;;
	*_IN_PROGRESS)
		die 4 "somebody is changing the stack $stack: $stack_status"
		;;
	esac
}

# pushed REPOSITORY: sets image. Its tag is what it is made of, so what is there is not pushed again.
pushed()
{
	local base=${NOVA_IMAGE-} fleet=localhost/nova-fleet:latest
	image_tool
	if [ -z "$base" ]; then
		base=localhost/nova:$(nova_version)
		image_build "$base"
	fi
	image_fleet "$base" "$fleet"
	image=$1:$(nova_version)-$(image_id "$fleet")
	if aws ecr describe-images --repository-name "${1#*/}" \
		--image-ids "imageTag=${image##*:}" >/dev/null 2>&1; then
		say "$image is there already"
		return 0
	fi
	# The password, good for hours, goes through a pipe into a file that ends with us.
	scratch=$(mktemp -d)
	trap 'rm -rf -- "$scratch"' EXIT
	export DOCKER_CONFIG=$scratch REGISTRY_AUTH_FILE=$scratch/auth.json
	(
		set -o pipefail
		aws ecr get-login-password |
			"$tool" login --username AWS --password-stdin "${1%%/*}"
	) || die 4 "the registry ${1%%/*} did not let us in; above is why"
	image_push "$fleet" "$image"
	unset DOCKER_CONFIG REGISTRY_AUTH_FILE
	rm -rf -- "$scratch"
}

of_service()
{
	aws ecs describe-services --cluster "$cluster" --services "$service" \
		--query "services[0].$1" --output text
}

tasks()
{
	aws ecs list-tasks --cluster "$cluster" --service-name "$service" \
		--query 'taskArns[]' --output text
}

# look: sets wanted, how many tasks there should be, rollout, and state, which is HEALTHY, and
# only that, when the task of the newest deployment is.
look()
{
	local said found
	if ! said=$(of_service '[taskDefinition, desiredCount, deployments[0].rolloutState]') ||
		! found=$(tasks); then
		die 4 "ECS does not answer; how Nova is is not known"
	fi
	read -r definition wanted rollout <<<"$said"
	state="no task"
	[ -n "$found" ] && [ "$found" != None ] || return 0
	# shellcheck disable=SC2086 # one word a task
	said=$(aws ecs describe-tasks --cluster "$cluster" --tasks $found --output text --query \
		"tasks[?taskDefinitionArn=='$definition'] | [0].[lastStatus, healthStatus, stoppedReason]") ||
		die 4 "ECS does not answer; how Nova is is not known"
	case $said in
	RUNNING*) read -r _ state _ <<<"$said" ;;
	None*) ;;
	*) state=${said//$'\t'/ } ;;
	esac
}

# The last that happened, and the last that Nova said.
explain()
{
	local stream
	{
		echo "--- what the service says"
		aws ecs describe-services --cluster "$cluster" --services "$service" \
			--query 'services[0].events[:8].[createdAt, message]' --output text
		echo "--- the end of Nova's log"
		stream=$(aws logs describe-log-streams --log-group-name "$log_group" \
			--order-by LastEventTime --descending --max-items 1 \
			--query 'logStreams[0].logStreamName' --output text | head -n 1) &&
			aws logs get-log-events --log-group-name "$log_group" --log-stream-name "$stream" \
				--limit 30 --query 'events[].[message]' --output text
	} >&2 2>&1 || true
}

until_task_healthy()
{
	local end=$((SECONDS + patience)) definition wanted rollout='' state='' last=
	while [ "$SECONDS" -lt "$end" ] && [ "$rollout" != FAILED ]; do
		look
		[ "$state" = "$last" ] || say "the task: $state"
		last=$state
		[ "$state" != HEALTHY ] || return 0
		sleep "$poll"
	done
	explain
	die 4 "the task is not healthy (${state:-no answer}); above is why"
}

# A host that goes takes what runs on it along: Nova is stopped in order first.
new_host()
{
	[ "${NOVA_AWS_NEW_HOST-}" = yes ] || return 0
	host_image=$(newest_host_image) || exit
	target_stop
}

scaled()
{
	aws ecs update-service --cluster "$cluster" --service "$service" "$@" \
		--query service.status --output text >/dev/null ||
		die 4 "ECS refused to change the service; above is why"
}

target_start()
{
	local who image host_image=
	command -v aws >/dev/null 2>&1 || install_missing "$packages_aws"
	who=$(account) || exit
	say "account $who, stack $stack"
	made
	pushed "$repository"
	new_host
	say "bringing up $image"
	apply "Image=$image" ${host_image:+"HostImage=$host_image"}
	find_service || die 4 "the stack $stack has no service"
	scaled --desired-count 1
	until_task_healthy
	target_status
	say "Nova runs. Its dashboard, as http://127.0.0.1:5001: see docs/book/09-cloud.md"
}

target_stop()
{
	local end=$((SECONDS + 300)) left
	find_service || { say "Nova is not on AWS: no service in a stack $stack"; return 0; }
	scaled --desired-count 0
	while left=$(tasks) || die 4 "ECS does not answer; whether the task has ended is not known"; do
		if [ -z "$left" ] || [ "$left" = None ]; then
			say "stopped: no task is left. The stack, its disk and its copies stay"
			return 0
		fi
		[ "$SECONDS" -lt "$end" ] || { explain; die 4 "the task has not ended: $left"; }
		sleep "$poll"
	done
}

target_restart()
{
	find_service || die 3 "Nova is not on AWS: ./deploy.sh aws start"
	scaled --desired-count 1 --force-new-deployment
	until_new_task
	until_task_healthy
}

# The tasks from before have ended. (With 0 % and 100 %, none starts before that.)
until_new_task()
{
	local end=$((SECONDS + patience)) primary
	while primary=$(of_service 'length(deployments)') ||
		die 4 "ECS does not answer; whether there is a new task is not known"; do
		[ "$primary" != 1 ] || return 0
		[ "$SECONDS" -lt "$end" ] || { explain; die 4 "the old task has not ended"; }
		sleep "$poll"
	done
}

target_logs()
{
	find_service || die 3 "Nova is not on AWS"
	aws logs tail "$log_group" --since 1h --follow --format short
}

target_status()
{
	local definition wanted rollout state
	find_service || die 3 "Nova is not on AWS: no service in a stack $stack"
	look
	printf '%-10s %s\n' stack "$stack" service "$service" wanted "$wanted" task "$state"
	aws ecs describe-services --cluster "$cluster" --services "$service" \
		--query 'services[0].events[:5].[createdAt, message]' --output text
	[ "$wanted" != 0 ] || die 3 "Nova is stopped"
	[ "$state" = HEALTHY ] || die 1 "the task is not healthy: $state"
}
