/* For tests that work on one open ledger: a new one for each test, verified at its end.
 */
#ifndef LED_OPEN_H
#define LED_OPEN_H

#include "led_fixture.h"

static struct led *led;

static void
setup(void)
{
	make_dir();
	led = open_with(0);
}

static void
teardown(void)
{
	led_close(led);
	verify_clean();
	remove_dir();
}

#endif
