/* exit_status: what the process ends with: EXIT STATUS of tfomap(8). */
#ifndef TFOMAP_EXIT_STATUS_H
#define TFOMAP_EXIT_STATUS_H

enum scan_status {
	SCAN_COMPLETE = 0, SCAN_INPUT = 1, SCAN_START = 2, SCAN_FAILED = 3, SCAN_STOPPED = 4,
};

#endif
