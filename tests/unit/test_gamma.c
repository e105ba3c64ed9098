/* Special functions against values computed with 40 digits (mpmath: gammainc, digamma,
 * psi, ncdf; quantiles by bisection), and against their own identities. */
#include "gamma.h"
#include "nv_base.h"
#include "run_suite.h"

#include <math.h>

static void
near(double got, double want, double relative)
{
	ck_assert_msg(fabs(got - want) <= relative * fabs(want), "%.17g is not %.17g",
		got, want);
}

START_TEST(incomplete_gamma)
{
	static const struct {
		double a, x, p, q;
	} cases[] = {
		{0.01, 1e-08, 0.83651025468523335, 0.16348974531476665},
		{0.5, 0.5, 0.6826894921370859, 0.3173105078629141},
		{0.7, 3, 0.97444738771635649, 0.025552612283643511},
		{1, 1, 0.63212055882855768, 0.36787944117144232},
		{5, 2, 0.052653017343711157, 0.94734698265628884},
		{5, 20, 0.99998305525606993, 1.6944743930067384e-5},
		{30, 45, 0.9926628007022035, 0.0073371992977965036},
		{100, 80, 0.017108313035133114, 0.98289168696486689},
		{1234.5, 1300, 0.96723855949392162, 0.032761440506078384},
		{50000, 50500, 0.98713115962276633, 0.01286884037723367},
		{3, 0.001, 1.6654171665278076e-10, 0.99999999983345828},
		{2.5, 60, 1.0, 3.138579772755296e-24},
		{0.2, 30, 0.99999999999999869, 1.3076505945693054e-15},
	};

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		near(pol_gamma_p(cases[i].a, cases[i].x), cases[i].p, 1e-9);
		near(pol_gamma_q(cases[i].a, cases[i].x), cases[i].q, 1e-9);
	}
	near(pol_gamma_p(1e6, 1.001e6), 0.841344786368, 1e-7); /* the normal part */
	ck_assert_double_eq(pol_gamma_p(2, 0), 0);
	ck_assert_double_eq(pol_gamma_p(2, -1), 0);
	ck_assert_double_eq(pol_gamma_q(2, -1), 1);
	ck_assert_double_eq(pol_gamma_p(2, INFINITY), 1);
}
END_TEST

START_TEST(gamma_quantile)
{
	static const struct {
		double a, p, x;
	} cases[] = {
		{0.05, 0.5, 5.57387844074625e-7},
		{0.3, 0.01, 1.50222265523604e-7},
		{0.7, 0.4, 0.275680074089127},
		{1, 0.9, 2.30258509299405},
		{5.7, 0.7, 6.67212983732292},
		{20, 0.025, 12.2165195854039},
		{20, 0.975, 29.6708535715856},
		{300, 0.999, 356.385581442648},
		{3, 1e-09, 0.00181794660002702},
		{3, 0.999999, 19.1291681885729},
	};

	for (size_t i = 0; i < NV_LEN(cases); i++)
		near(pol_gamma_quantile(cases[i].a, cases[i].p), cases[i].x, 1e-8);
}
END_TEST

/* Wherever it is asked, the quantile is what P gives back, and a number. */
START_TEST(quantile_undoes_p)
{
	double a = 1e-3;

	for (int i = 0; i < 18; i++, a *= 3.7) {
		double before = 0;

		for (int k = 0; k <= 64; k++) {
			double p = k / 64.0;
			double x = pol_gamma_quantile(a, p);

			ck_assert(isfinite(x) && x >= before);
			before = x;
			/* Below the smallest number nothing can be told apart. */
			if (p > 0 && p < 1 && x > 1e-300)
				ck_assert_double_eq_tol(pol_gamma_p(a, x), p, 1e-7);
		}
	}
}
END_TEST

START_TEST(digamma_and_trigamma)
{
	static const struct {
		double a, psi, psi1;
	} cases[] = {
		{0.05, -20.497844991299869, 401.53235734211507},
		{0.3, -3.5025242222001331, 12.245364546107731},
		{1, -0.57721566490153286, 1.6449340668482264},
		{4.5, 1.3888709263595289, 0.24872510303901038},
		{7.9, 2.002238487563571, 0.13493078345663442},
		{8, 2.01564147795561, 0.13313701469403143},
		{33, 3.4812795305349872, 0.03076680402030209},
		{1e5, 11.512920464961895, 1.0000050000166667e-5},
	};

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		near(pol_digamma(cases[i].a), cases[i].psi, 1e-10);
		near(pol_trigamma(cases[i].a), cases[i].psi1, 1e-9);
	}
}
END_TEST

START_TEST(normal)
{
	near(pol_normal_cdf(-8), 6.2209605742717841e-16, 1e-12);
	near(pol_normal_cdf(-1.5), 0.066807201268858066, 1e-14);
	near(pol_normal_cdf(0), 0.5, 0);
	near(pol_normal_cdf(0.3), 0.61791142218895263, 1e-14);
	near(pol_normal_cdf(5), 0.99999971334842812, 1e-14);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("gamma");
	TCase *tc = tcase_create("gamma");

	tcase_add_test(tc, incomplete_gamma);
	tcase_add_test(tc, gamma_quantile);
	tcase_add_test(tc, quantile_undoes_p);
	tcase_add_test(tc, digamma_and_trigamma);
	tcase_add_test(tc, normal);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
