/* Names of capabilities: see nv_caps.h. */
#include "nv_caps.h"
#include "nv_name.h"

#include <ctype.h>
#include <strings.h>

static const char *const names[] = {"chown", "dac_override", "dac_read_search", "fowner",
	"fsetid", "kill", "setgid", "setuid", "setpcap", "linux_immutable",
	"net_bind_service", "net_broadcast", "net_admin", "net_raw", "ipc_lock",
	"ipc_owner", "sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct",
	"sys_admin", "sys_boot", "sys_nice", "sys_resource", "sys_time", "sys_tty_config",
	"mknod", "lease", "audit_write", "audit_control", "setfcap", "mac_override",
	"mac_admin", "syslog", "wake_alarm", "block_suspend", "audit_read", "perfmon",
	"bpf", "checkpoint_restore"};

_Static_assert(NV_LEN(names) == NV_CAPS, "one name for each");

const char *
nv_cap_name(unsigned number)
{
	NV_ASSERT(number < NV_CAPS);
	return names[number];
}

static const char *
without_prefix(const char *name)
{
	return strncasecmp(name, "cap_", 4) == 0 ? name + 4 : name;
}

int
nv_cap_find(const char *name)
{
	name = without_prefix(name);
	for (size_t i = 0; i < NV_LEN(names); i++) {
		if (strcasecmp(names[i], name) == 0)
			return (int)i;
	}
	return -1;
}

const char *
nv_cap_nearest(const char *name)
{
	char lower[32];
	size_t n = 0;

	for (name = without_prefix(name); n < sizeof(lower) - 1 && name[n]; n++)
		lower[n] = (char)tolower((unsigned char)name[n]);
	lower[n] = '\0';
	return nv_name_nearest(lower, names, NV_LEN(names));
}
