/* The active codes of ISO 4217: list one as SIX publishes it for ISO, amendments up to
 * 180 (BGN gone with 2025). Taken from Debian's iso-codes 4.15.0 and brought up to date:
 * without the withdrawn ANG, BGN, CUC, HRK, SLL and ZWL, with XAD, XCG and ZWG. XTS (for
 * testing) and XXX (no currency) are left out: no money is in them. */
#include "nv_iso4217.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define STEP 4 /* a code and a blank */

/* In order, for the search. */
static const char codes[] =
	"AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND "
	"BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CLF CLP CNY "
	"COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP "
	"GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD "
	"IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP "
	"LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN "
	"MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN "
	"PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD "
	"SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX "
	"USD USN UYI UYU UYW UZS VED VES VND VUV WST XAD XAF XAG XAU XBA "
	"XBB XBC XBD XCD XCG XDR XOF XPD XPF XPT XSU XUA YER ZAR ZMW ZWG ";
static_assert(sizeof codes == (size_t)NV_ISO4217_CODES * STEP + 1, "count of the list");

static int
by_code(const void *key, const void *item)
{
	return memcmp(key, item, STEP - 1);
}

bool
nv_iso4217_active(const char *code)
{
	return strlen(code) == STEP - 1 &&
	       bsearch(code, codes, NV_ISO4217_CODES, STEP, by_code) != NULL;
}

const char *
nv_iso4217_list(void)
{
	return codes;
}
