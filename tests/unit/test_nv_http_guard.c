/* Which addresses are public: IANA's special-purpose registries, one inside and one
 * beside each range, and the forms of IPv6 that carry an IPv4 address. */
#include "nv_http_guard.h"
#include "run_suite.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static const struct {
	const char *address;
	bool denied;
} rows[] = {
	{"0.0.0.0", true},
	{"0.255.255.255", true},
	{"1.0.0.0", false},
	{"9.255.255.255", false},
	{"10.0.0.0", true},
	{"10.255.255.255", true},
	{"11.0.0.0", false},
	{"100.63.255.255", false},
	{"100.64.0.0", true},
	{"100.127.255.255", true},
	{"100.128.0.0", false},
	{"126.255.255.255", false},
	{"127.0.0.0", true},
	{"127.0.0.1", true},
	{"127.255.255.255", true},
	{"128.0.0.0", false},
	{"169.253.255.255", false},
	{"169.254.169.254", true},
	{"169.255.0.0", false},
	{"172.15.255.255", false},
	{"172.16.0.0", true},
	{"172.31.255.255", true},
	{"172.32.0.0", false},
	{"191.255.255.255", false},
	{"192.0.0.0", true},
	{"192.0.0.170", true},
	{"192.0.1.0", false},
	{"192.0.2.1", true},
	{"192.31.196.1", true},
	{"192.52.193.1", true},
	{"192.88.99.1", true},
	{"192.88.100.0", false},
	{"192.167.255.255", false},
	{"192.168.0.0", true},
	{"192.168.255.255", true},
	{"192.169.0.0", false},
	{"192.175.48.1", true},
	{"198.17.255.255", false},
	{"198.18.0.0", true},
	{"198.19.255.255", true},
	{"198.20.0.0", false},
	{"198.51.100.9", true},
	{"203.0.113.9", true},
	{"223.255.255.255", false},
	{"224.0.0.1", true},
	{"239.255.255.255", true},
	{"240.0.0.0", true},
	{"255.255.255.255", true},
	{"8.8.8.8", false},
	{"::", true},
	{"::1", true},
	{"::2", true},
	{"::7f00:1", true},
	{"::ffff:127.0.0.1", true},
	{"::ffff:10.1.2.3", true},
	{"::ffff:169.254.169.254", true},
	{"::ffff:8.8.8.8", true},
	{"::ffff:0:127.0.0.1", true},
	{"::8.8.8.8", true},
	{"64:ff9b::127.0.0.1", true},
	{"64:ff9b::10.0.0.1", true},
	{"64:ff9b::8.8.8.8", false},
	{"64:ff9b:1::8.8.8.8", true},
	{"100::1", true},
	{"2000::1", false},
	{"2001::1", true},
	{"2001:0:7f00:1::", true},
	{"2001:2::1", true},
	{"2001:1ff:ffff::1", true},
	{"2001:200::1", false},
	{"2001:db8::1", true},
	{"2001:db9::1", false},
	{"2001:4860:4860::8888", false},
	{"2002:7f00:1::1", true},
	{"2002:a00:1::1", true},
	{"2002:c0a8:101::1", true},
	{"2002:808:808::1", false},
	{"2606:4700::1111", false},
	{"2606:4700::5efe:7f00:1", true},
	{"2606:4700::200:5efe:a00:1", true},
	{"2620:4f:8000::1", true},
	{"3ffe::1", false},
	{"3fff::1", true},
	{"3fff:1000::1", false},
	{"3fff:fff::1", true},
	{"4000::1", true},
	{"5f00::1", true},
	{"fc00::1", true},
	{"fd12:3456::1", true},
	{"fdff::1", true},
	{"fe00::1", true},
	{"fe80::1", true},
	{"febf::1", true},
	{"fec0::1", true},
	{"ff02::1", true},
	{"ff0e::1", true},
};

START_TEST(test_rows)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	const char *what;

	if (inet_pton(AF_INET, rows[_i].address, &in.sin_addr) == 1) {
		what = nv_http_addr_denied((struct sockaddr *)&in, sizeof(in));
	} else {
		ck_assert_int_eq(
			inet_pton(AF_INET6, rows[_i].address, &in6.sin6_addr), 1);
		what = nv_http_addr_denied((struct sockaddr *)&in6, sizeof(in6));
	}
	ck_assert_msg((what != NULL) == rows[_i].denied, "%s: %s", rows[_i].address,
		what ? what : "public");
}
END_TEST

START_TEST(test_other_families)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct sockaddr_in in = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x08080808)};

	ck_assert_ptr_nonnull(nv_http_addr_denied((struct sockaddr *)&un, sizeof(un)));
	ck_assert_ptr_nonnull(
		nv_http_addr_denied((struct sockaddr *)&in, sizeof(in) - 1));
	ck_assert_ptr_null(nv_http_addr_denied((struct sockaddr *)&in, sizeof(in)));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("nv_http_guard");
	TCase *tc = tcase_create("nv_http_guard");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, test_rows, 0, (int)NV_LEN(rows));
	tcase_add_test(tc, test_other_families);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
