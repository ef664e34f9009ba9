/*
 * usage: measure COMMAND...
 *
 * Runs COMMAND with its stdout at /dev/null, passes its stderr on and prints one line:
 * "STATUS START_NS END_NS USER_US SYSTEM_US PEAK_KB" (times by CLOCK_MONOTONIC). Being small itself
 * it does not blur the peak, which the kernel keeps over exec().
 * COMMAND ends with it.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long measure_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static long long measure_us(struct timeval t)
{
	return t.tv_sec * 1000000LL + t.tv_usec;
}

int main(int argc, char **argv)
{
	long long start_ns = measure_now_ns();
	struct rusage usage;
	int status;
	pid_t pid;

	if (argc < 2)
		return 2;
	pid = fork();
	if (!pid) {
		int null = open("/dev/null", O_WRONLY);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(null, STDOUT_FILENO);
		execvp(argv[1], argv + 1);
		perror(argv[1]);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) < 0) {
		perror("measure");
		return 1;
	}
	printf("%d %lld %lld %lld %lld %ld\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128,
	       start_ns, measure_now_ns(), measure_us(usage.ru_utime),
	       measure_us(usage.ru_stime), usage.ru_maxrss);
	return 0;
}
