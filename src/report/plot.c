/* Plots by gnuplot: part of page. It reads its script, points and all, from a file in memory. */
#include "report/page.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "report/grid.h"
#include "report/runs.h"

#define SVG_MAX (8u * 1024 * 1024)	/* a picture is some 20 KB */
#define LIMIT_S 20	/* for all pictures; one takes a tenth of a second */

extern char **environ;

static const char common[] =
	"set encoding utf8\n"
	"set terminal svg size 480,%d dynamic font 'sans-serif,14' background rgb 'white' name "
	"'p%d'\n"
	"set border 3 lc rgb '#59636e'\nset tics nomirror\nset grid lc rgb '#d5dae0' lt 1\n"
	"set key bottom right Left reverse samplen 2\nset lmargin 8\nset rmargin 3\n";

#define BLUE "lc rgb '#2f6fab'"

/* Marks of the axis are whole numbers, and outside, where no bar is. */
static const char bars[] =
	"stats $d using 2 nooutput\nset style fill solid noborder\n"
	"set yrange [STATS_records-0.3:-0.7]\n"
	"set xrange [0:STATS_max > 0 ? STATS_max*1.3 : 1]\nset lmargin 17\nset ytics scale 0\n"
	"set xtics out\nif (STATS_max < 5) {set xtics 1}\n"
	"set format x (STATS_max < 10000 ? '%.0f' : '%.0s%c')\nunset key\n"
	"set grid noytics xtics\nset xlabel 'targets that answered'\n"
	"plot $d using ($2/2):0:($2/2):(0.36):yticlabels(1) with boxxyerror " BLUE ", "
	"'' using 2:0:(sprintf('%.2f %%', 100.0*$2/STATS_sum)) "
	"with labels left offset 0.6,0 font ',13'\n";

/* gnuplot refuses a range of one value. A time of 0 has no logarithm. */
static const char cdf[] =
	"x(t) = t > 0.001 ? t : 0.001\nstats $d using (x($1)) nooutput\n"
	"if (STATS_max > 20*STATS_min) {set logscale x}\n"
	"set xrange [STATS_min/1.2:STATS_max*1.2]\n"
	"set xlabel 'round-trip time, ms'\nset yrange [0:1]\n"
	"set ylabel 'share of answers'\n"
	"plot for [i=0:n-1] $d index i using (x($1)):2 with steps lw 2.5 lc i+1 "
	"title columnheader(1)\n";

static const char survival[] =
	"x(h) = h > 0.001 ? h : 0.001\nstats $d using (x($1)) nooutput\n"
	"if (STATS_max > 20*STATS_min) {set logscale x}\n"
	"set xrange [STATS_min/1.5:STATS_max*1.5]\n"
	"set xlabel 'age of the cookie, hours'\nset yrange [0:105]\n"
	"set ylabel 'still taken, %'\nunset key\n"
	"plot $d using (x($1)):2 with lines lw 2.5 " BLUE ", "
	"'' using (x($1)):2:3:4 with yerrorbars pt 7 lw 1.5 " BLUE "\n";

/* Of each kind: the lines after the points, which are $d, and the picture's height. */
static const struct {
	const char *script;
	int height, per_row;		/* pixels, and more for each row of the table */
} kinds[] = {
	[GRID_BARS] = { bars, 84, 26 },
	[GRID_CDF] = { cdf, 340, 0 },
	[GRID_SURVIVAL] = { survival, 340, 0 },
};

/* Blocks of points, which blank lines part. */
static int blocks(const char *data)
{
	int n = 1;

	for (const char *p = data; (p = strstr(p, "\n\n\n")); p += 3)
		n++;
	return n;
}

static int script_fd(const struct grid *g, int number)
{
	int fd = memfd_create("plot", MFD_CLOEXEC);
	FILE *f = fd < 0 ? NULL : fdopen(dup(fd), "w");
	int height = kinds[g->plot].height + kinds[g->plot].per_row * (int)grid_rows(g);

	if (!f) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	fprintf(f, common, height, number);
	fprintf(f, "n = %d\n$d << EOD\n%sEOD\n%s", blocks(g->data), g->data, kinds[g->plot].script);
	if (fclose(f) != 0 || lseek(fd, 0, SEEK_SET) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Starts it with the script as its input; its output is what the descriptor reads, or -errno. */
static int start(int script, pid_t *pid)
{
	char *argv[] = { (char[]){ "gnuplot" }, (char[]){ "-d" }, NULL };
	posix_spawn_file_actions_t to;
	int ends[2], err;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	posix_spawn_file_actions_init(&to);
	posix_spawn_file_actions_adddup2(&to, script, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&to, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&to, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	err = posix_spawnp(pid, argv[0], &to, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&to);
	close(ends[1]);
	if (err)
		close(ends[0]);
	return err ? -err : ends[0];
}

/* Until there is something to read, or its end. False: the time is over. */
static bool wait_for(int fd, uint64_t until_ns)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint64_t now = clock_now_ns();

	return now < until_ns && poll(&p, 1, (int)((until_ns - now) / NS_PER_MS) + 1) != 0;
}

/* All that it says, heap; NULL: nothing, too much, or not in time. */
static char *read_all(int fd, uint64_t until_ns)
{
	size_t len = 0, cap = 65536;
	char *text = malloc(cap);
	ssize_t n = 1;

	if (!text)
		return NULL;
	while (n > 0 && len < SVG_MAX) {
		if (cap - len < 4096) {
			char *longer = realloc(text, cap *= 2);

			if (!longer)
				break;
			text = longer;
		}
		if (!wait_for(fd, until_ns)) {
			free(text);
			return NULL;
		}
		n = read(fd, text + len, cap - len - 1);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0)
			len += (size_t)n;
	}
	text[len] = '\0';
	return text;
}

/* Who closes its output may go on all the same. */
static bool has_ended(pid_t pid, uint64_t until_ns)
{
	int fd = pidfd_open(pid, 0);
	bool ended = fd < 0 || wait_for(fd, until_ns);

	if (fd >= 0)
		close(fd);
	return ended;
}

/* The picture without what belongs to a file of its own; NULL: there is none. */
static char *cut_svg(char *text)
{
	char *from = text ? strstr(text, "<svg") : NULL,
	     *end = from ? strstr(from, "</svg>") : NULL;
	char *svg = end ? strndup(from, (size_t)(end - from) + strlen("</svg>")) : NULL;

	free(text);
	return svg;
}

/* 0; -ENOENT: there is no gnuplot; -ETIME: it takes too long; another -errno. */
static int draw(struct grid *g, int number, uint64_t until_ns)
{
	int script = script_fd(g, number), fd, status = 0;
	pid_t pid;
	char *text;

	if (script < 0)
		return -ENOMEM;
	fd = start(script, &pid);
	close(script);
	if (fd < 0)
		return fd;
	text = read_all(fd, until_ns);
	close(fd);
	if (!text || !has_ended(pid, until_ns)) {
		kill(pid, SIGKILL);
		free(text);
		text = NULL;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	g->svg = cut_svg(text);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && g->svg)
		return 0;
	free(g->svg);
	g->svg = NULL;
	if (!text)
		return -ETIME;
	return WIFEXITED(status) && WEXITSTATUS(status) == 127 ? -ENOENT : -EIO;
}

void plot_grids(struct grids *all, struct grid *warned)
{
	uint64_t until_ns = clock_now_ns() + LIMIT_S * NS_PER_S;
	int number = 0;

	for (struct grid *g = all->first; g; g = g->next) {
		int err = g->data ? draw(g, ++number, until_ns) : 0;

		if (err == -ENOENT || err == -ETIME) {
			runs_warn(warned, err == -ENOENT
				  ? "no gnuplot: the page has no plots; apt-get install gnuplot-nox"
				  : "gnuplot takes too long: the page is without some plots; type "
				    "gnuplot to see whether it works");
			return;
		}
		if (err)
			runs_warn(warned, "gnuplot failed to draw '%s': the page is without it",
				  g->title);
	}
}
