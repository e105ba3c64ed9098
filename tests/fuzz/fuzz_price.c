/* Price tables from outside, and pricing with what was read. */
#include "price.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct eng_price *price = NULL;
	struct nv_err err = {0};
	int64_t nano = 0;
	char currency[NV_CURRENCY_BYTES];
	char vendor[NV_NAME_MAX];
	static const char *const models[] = {"m", "gpt-4o", "ab12"};

	if (eng_price_parse((const char *)data, bytes, "fuzz", &price, &err) < 0) {
		NV_ASSERT(err.text[0] != '\0');
		return 0;
	}
	for (size_t i = 0; i < NV_LEN(models); i++) {
		struct eng_usage u = {.provider = "p",
			.provider_bytes = i == 0,
			.model = models[i],
			.model_bytes = strlen(models[i]),
			.input_tokens = 300000,
			.output_tokens = 7,
			.cache_read_tokens = 100,
			.at_ns = INT64_C(1763820000000000000)};

		if (eng_price_usage(price, &u, &nano, currency, vendor) == 0)
			NV_ASSERT(nano >= 0 && nv_name_valid(vendor));
	}
	eng_price_free(price);
	return 0;
}
