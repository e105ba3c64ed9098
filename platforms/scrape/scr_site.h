/* Inside of scr_get.h: a host (scheme, name and port), its queue, its robots.txt. */
#ifndef SCR_SITE_H
#define SCR_SITE_H

#include "scr_get.h"
#include "scr_robots.h"

struct scr_site {
	struct scr_web *web;
	struct scr_site *next;     /* of all, in no order */
	char *origin;              /* owned */
	struct scr_robots *robots; /* owned; NULL: none known */
	bool forbidden;            /* robots.txt could not be had: nothing may be asked */
	int robots_status;
	int64_t robots_until_ms;      /* monotonic; 0: not known */
	struct scr_get *first, *last; /* owned; waiting, first come first served */
	unsigned waiting;
	bool busy;       /* a request is under way */
	int64_t next_ms; /* monotonic: not before */
	struct ev_timer timer;
};

struct scr_get {
	struct scr_site *site;
	struct scr_get *next;  /* in the queue of its site */
	struct scr_get *later; /* among all of the web */
	struct scr_get **here; /* what points to it there; NULL: not there yet */
	char *url, *path;      /* owned */
	char *etag, *modified; /* owned */
	bool ignore_robots;
	bool only_robots; /* asks what robots.txt says, no page */
	scr_got_fn *fn;   /* NULL: cancelled */
	scr_robots_fn *robots_fn;
	void *arg;
	unsigned hops;
};

struct scr_web {
	struct plat *plat;
	struct ev_loop *loop;
	struct nv_http *http; /* owned */
	char agent[512];      /* the User-Agent */
	enum nv_http_guard guard;
	int64_t delay_ms;
	size_t body_bytes_max;
	struct scr_site *sites; /* owned */
	struct scr_get *gets;   /* owned: all there are, whoever has them in hand */
	unsigned n_sites;
	uint64_t requests, bytes, forbidden;
};

/* By origin; made when it is not there. NULL without memory, or when there are too many
 * and all are in use. */
struct scr_site *scr_site_get(struct scr_web *web, const char *origin);
void scr_site_free(struct scr_site *site);
/* Give the first in the queue its turn, if it is time. */
void scr_site_pump(struct scr_site *site);
/* A request of the site is over: the next one after the pause, wait_ms at least (-1: no
 * more than that). */
void scr_site_done(struct scr_site *site, int64_t wait_ms);
void scr_get_free(struct scr_get *get);

/* scr_get.c: it is the get's turn, and robots.txt is known. The site is busy. */
void scr_get_send(struct scr_get *get);

#endif
