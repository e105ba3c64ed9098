/* Units, and the words of settings that the fleet and its workers both have; for the
 * tables of nv_options*.c only. */
#ifndef NV_OPTIONS_WORDS_H
#define NV_OPTIONS_WORDS_H

#include "nv_options.h"

#define MS   INT64_C(1)
#define SEC  (1000 * MS)
#define MIN  (60 * SEC)
#define HOUR (60 * MIN)
#define DAY  (24 * HOUR)
#define YEAR (366 * DAY)
#define PPM  INT64_C(10000) /* one percent */

extern const char *const nv_words_compress[];
extern const char *const nv_words_full[];
extern const char *const nv_words_home[];
extern const char *const nv_words_impossible[];
extern const char *const nv_words_network[];
extern const char *const nv_words_on_limit[];
extern const char *const nv_words_stamps[];
extern const char *const nv_words_syscalls[];

#endif
