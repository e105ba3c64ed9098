/* ncurses: see top_term.h. */
#include "top_term.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <term.h>
#undef lines /* a capability's name there, a member's here */

#define ESCAPE_MS 25 /* an arrow key sends its bytes together, a person does not */

/* The one terminal of the process. */
static struct {
	bool open;
	SCREEN *screen;
	chtype attrs[TOP_STYLES];
	struct nv_buf shown[TOP_ROWS_MAX]; /* lines as they stand there */
	/* For a crash: what restores it, without a call that may allocate. */
	struct termios saved;
	char restore[256];
	size_t restore_bytes;
	struct sigaction old[NSIG];
} term;

static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

/* ---- a crash ---- */

/* Async-signal-safe: write(2), tcsetattr(3), sigaction(2), raise(3). */
static void
on_crash(int sig)
{
	int saved_errno = errno;

	if (term.restore_bytes > 0 &&
		write(STDOUT_FILENO, term.restore, term.restore_bytes) >= 0)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &term.saved);
	(void)sigaction(sig, &term.old[sig], NULL);
	(void)raise(sig); /* when this returns, to whom it went before */
	errno = saved_errno;
}

static void
keep(const char *sequence)
{
	size_t bytes = sequence && sequence != (const char *)-1 ? strlen(sequence) : 0;

	if (term.restore_bytes + bytes > sizeof(term.restore))
		return;
	if (bytes > 0)
		memcpy(term.restore + term.restore_bytes, sequence, bytes);
	term.restore_bytes += bytes;
}

static void
guard_crashes(void)
{
	struct sigaction action = {.sa_handler = on_crash};

	term.restore_bytes = 0;
	keep(exit_attribute_mode);
	keep(exit_ca_mode);
	keep(cursor_normal);
	keep(keypad_local);
	for (size_t i = 0; i < NV_LEN(crashes); i++)
		(void)sigaction(crashes[i], &action, &term.old[crashes[i]]);
}

/* ---- opening and closing ---- */

bool
top_term_utf8(void)
{
	/* Figures stay as they are: only what a character is depends on the locale. */
	return setlocale(LC_CTYPE, "") && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

static void
choose_styles(void)
{
	const char *no_color = getenv("NO_COLOR");
	static const short colours[TOP_STYLES] = {[TOP_RED] = COLOR_RED,
		[TOP_GREEN] = COLOR_GREEN,
		[TOP_YELLOW] = COLOR_YELLOW,
		[TOP_ALARM] = COLOR_RED};

	/* Without colours: nothing is told by a colour alone. */
	term.attrs[TOP_PLAIN] = A_NORMAL;
	term.attrs[TOP_BOLD] = A_BOLD;
	term.attrs[TOP_DIM] = A_NORMAL;
	term.attrs[TOP_RED] = A_BOLD;
	term.attrs[TOP_GREEN] = A_NORMAL;
	term.attrs[TOP_YELLOW] = A_NORMAL;
	term.attrs[TOP_HEAD] = A_BOLD | A_UNDERLINE;
	term.attrs[TOP_SELECTED] = A_REVERSE;
	term.attrs[TOP_ALARM] = A_BOLD | A_REVERSE;
	if ((no_color && no_color[0]) || !has_colors() || start_color() == ERR)
		return;
	(void)use_default_colors();
	term.attrs[TOP_DIM] = A_DIM;
	for (size_t i = 0; i < TOP_STYLES; i++) {
		if (colours[i] == 0 || init_pair((short)i, colours[i], -1) == ERR)
			continue;
		term.attrs[i] = COLOR_PAIR(i) | (i == TOP_ALARM ? A_BOLD | A_REVERSE : 0);
	}
}

int
top_term_open(struct nv_err *err)
{
	const char *name = getenv("TERM");

	if (!name || !name[0] || strcmp(name, "dumb") == 0)
		return nv_err_set(err, -EINVAL,
			"TERM is \"%s\": a screen cannot be drawn on it; see `novactl "
			"status`",
			name ? name : "");
	if (tcgetattr(STDIN_FILENO, &term.saved) < 0)
		return nv_err_set(err, -EINVAL, "standard input is no terminal: %s",
			strerror(errno));
	/* A size in the environment would win over the terminal's own, for ever. */
	use_env(TRUE);
	use_tioctl(TRUE);
	term.screen = newterm(NULL, stdout, stdin);
	if (!term.screen)
		return nv_err_set(err, -EINVAL,
			"TERM is \"%.40s\": no such terminal is known here; see "
			"`novactl status`",
			name);
	if (!cursor_address) {
		(void)endwin();
		return nv_err_set(err, -EINVAL,
			"TERM is \"%.40s\": its cursor cannot be moved; see `novactl "
			"status`",
			name);
	}
	term.open = true;
	(void)atexit(top_term_close);
	guard_crashes();
	for (size_t i = 0; i < TOP_ROWS_MAX; i++)
		nv_buf_init(&term.shown[i], (size_t)64 << 10);
	(void)cbreak();
	(void)noecho();
	(void)nonl();
	(void)nodelay(stdscr, TRUE);
	(void)keypad(stdscr, TRUE);
	(void)set_escdelay(ESCAPE_MS);
	(void)curs_set(0); /* not every terminal can */
	choose_styles();
	return 0;
}

void
top_term_close(void)
{
	if (!term.open)
		return;
	term.open = false;
	(void)endwin();
	delscreen(term.screen);
	for (size_t i = 0; i < NV_LEN(crashes); i++)
		(void)sigaction(crashes[i], &term.old[crashes[i]], NULL);
	for (size_t i = 0; i < TOP_ROWS_MAX; i++)
		nv_buf_fini(&term.shown[i]);
}

void
top_term_leave(void)
{
	(void)endwin();
}

void
top_term_again(void)
{
	unsigned rows;
	unsigned cols;

	top_term_size(&rows, &cols);
	(void)resizeterm((int)rows, (int)cols);
	for (size_t i = 0; i < TOP_ROWS_MAX; i++)
		nv_buf_clear(&term.shown[i]);
	(void)clearok(stdscr, TRUE);
	(void)erase();
}

void
top_term_size(unsigned *ret_rows, unsigned *ret_cols)
{
	struct winsize ws = {0};

	(void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws); /* else 0 by 0: the usual size */
	*ret_rows = ws.ws_row ? NV_MIN(ws.ws_row, (unsigned)TOP_ROWS_MAX) : 24;
	*ret_cols = ws.ws_col ? NV_MIN(ws.ws_col, (unsigned)TOP_COLS_MAX) : 80;
}

/* ---- drawing ---- */

/* A character of the frame, unless this C library sees it otherwise wide than the frame
 * does: then as many question marks, so that the line stays as long as it is. */
static void
put_char(const char *text, size_t bytes)
{
	mbstate_t state = {0};
	wchar_t wide = 0;
	unsigned width = ctl_width(text, bytes);

	if (mbrtowc(&wide, text, bytes, &state) == bytes && wcwidth(wide) == (int)width) {
		(void)addnstr(text, (int)bytes);
		return;
	}
	for (; width > 0; width--)
		(void)addch('?');
}

static void
put_line(unsigned row, const struct nv_buf *text)
{
	size_t i = 0;

	(void)move((int)row, 0);
	(void)attrset(A_NORMAL);
	while (i < text->bytes) {
		unsigned char c = (unsigned char)text->data[i];
		size_t n = 0;

		if (c < 0x20) {
			(void)attrset((int)term.attrs[NV_MIN(c - 1, TOP_STYLES - 1)]);
			i++;
			continue;
		}
		while (i + n < text->bytes && (unsigned char)text->data[i + n] >= 0x20 &&
			(unsigned char)text->data[i + n] < 0x7f)
			n++;
		if (n > 0) {
			(void)addnstr(text->data + i, (int)n);
		} else {
			n = NV_MAX(
				nv_utf8_len(text->data + i, text->bytes - i), (size_t)1);
			put_char(text->data + i, n);
		}
		i += n;
	}
	(void)attrset(A_NORMAL);
}

static bool
is_shown(const struct nv_buf *shown, const struct nv_buf *text)
{
	return shown->bytes == text->bytes &&
	       (text->bytes == 0 || memcmp(shown->data, text->data, text->bytes) == 0);
}

void
top_term_show(const struct top_frame *f)
{
	for (unsigned row = 0; row < f->rows; row++) {
		const struct top_line *line = &f->lines[row];
		struct nv_buf *shown = &term.shown[row];

		if (is_shown(shown, &line->text))
			continue;
		put_line(row, &line->text);
		/* At the right edge the cursor stands on the last cell, which is used. */
		if (line->width < f->cols)
			(void)clrtoeol();
		nv_buf_clear(shown);
		nv_buf_add(shown, line->text.data, line->text.bytes);
	}
	(void)refresh();
}

/* ---- keys ---- */

static unsigned
code_of(wint_t key)
{
	switch (key) {
	case KEY_UP:
		return TOP_KEY_UP;
	case KEY_DOWN:
		return TOP_KEY_DOWN;
	case KEY_LEFT:
		return TOP_KEY_LEFT;
	case KEY_RIGHT:
		return TOP_KEY_RIGHT;
	case KEY_PPAGE:
		return TOP_KEY_PAGE_UP;
	case KEY_NPAGE:
		return TOP_KEY_PAGE_DOWN;
	case KEY_HOME:
		return TOP_KEY_HOME;
	case KEY_END:
		return TOP_KEY_END;
	case KEY_ENTER:
		return TOP_KEY_ENTER;
	case KEY_BACKSPACE:
		return TOP_KEY_ERASE;
	default:
		return TOP_KEY_NONE + TOP_KEY_NONE; /* a key that means nothing here */
	}
}

unsigned
top_term_key(void)
{
	wint_t key;
	int rc = get_wch(&key);

	if (rc == ERR)
		return TOP_KEY_NONE;
	if (rc == KEY_CODE_YES)
		return code_of(key);
	switch (key) {
	case '\r':
	case '\n':
		return TOP_KEY_ENTER;
	case '\t':
		return TOP_KEY_TAB;
	case 0x1b:
		return TOP_KEY_ESCAPE;
	case 0x7f:
	case '\b':
		return TOP_KEY_ERASE;
	default:
		return key;
	}
}

bool
top_term_is_gone(void)
{
	struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
	int waiting = 0;

	if (poll(&p, 1, 0) <= 0)
		return false;
	return (p.revents & (POLLHUP | POLLERR | POLLNVAL)) ||
	       ioctl(STDIN_FILENO, FIONREAD, &waiting) < 0 || waiting == 0;
}
