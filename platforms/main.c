/* nova-platform NAME: one vendor's process. Started by novasupd for each section of
 * `platforms:`, or by hand. Everything is in frame.c; kinds.c says which vendors there
 * are.
 */
#include "frame.h"

int
main(int argc, char **argv)
{
	return plat_main(argc, argv);
}
