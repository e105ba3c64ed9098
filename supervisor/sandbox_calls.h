/* Kernel interfaces that are younger than the system's headers may be; for the two files
 * that run in the child. */
#ifndef SUP_SANDBOX_CALLS_H
#define SUP_SANDBOX_CALLS_H

#include <stdint.h>
#include <sys/syscall.h>

/* The child runs on a stack that AddressSanitizer does not know. */
#define ON_CHILD_STACK __attribute__((no_sanitize("address")))

#define NR_OPEN_TREE              428
#define NR_MOVE_MOUNT             429
#define NR_MOUNT_SETATTR          442
#define NR_LANDLOCK_CREATE        444
#define NR_LANDLOCK_ADD_RULE      445
#define NR_LANDLOCK_RESTRICT_SELF 446

#define TREE_CLONE         1u
#define TREE_RECURSIVE     0x8000u /* AT_RECURSIVE */
#define MOVE_FROM_FD       0x4u    /* the empty path means the descriptor */
#define MOVE_FOLLOW_TARGET 0x10u
#define MOUNT_READ_ONLY    1u

struct mount_change {
	uint64_t attr_set;
	uint64_t attr_clr;
	uint64_t propagation;
	uint64_t userns_fd;
};

struct landlock_ruleset {
	uint64_t handled_access_fs;
	uint64_t handled_access_net;
	uint64_t scoped;
};

struct landlock_beneath {
	uint64_t allowed_access;
	int32_t parent_fd;
} __attribute__((packed));

#define LANDLOCK_RULE_BENEATH 1
#define LANDLOCK_WRITE_FILE   (UINT64_C(1) << 1)
/* remove_dir, remove_file, make_char, make_dir, make_reg, make_sock, make_fifo,
 * make_block, make_sym: bits 4 to 12 */
#define LANDLOCK_REMOVE_AND_MAKE     (((UINT64_C(1) << 13) - 1) & ~((UINT64_C(1) << 4) - 1))
#define LANDLOCK_REFER               (UINT64_C(1) << 13)
#define LANDLOCK_TRUNCATE            (UINT64_C(1) << 14)
#define LANDLOCK_SCOPE_ABSTRACT_UNIX UINT64_C(1)

#endif
