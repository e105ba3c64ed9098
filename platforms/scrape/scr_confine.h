/* A process that reads pages of strangers gives up what it does not need for it. */
#ifndef SCR_CONFINE_H
#define SCR_CONFINE_H

/* From now on: nobody's account, if it was root's (no file of Nova's can be read), and no
 * socket, no other program and no other process (seccomp, EPERM; not on machines other
 * than x86-64 and arm64). What is open stays open. 0 or -errno. */
int scr_confine(void);

#endif
