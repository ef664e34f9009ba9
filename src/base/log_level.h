/* log_level: the levels of --verbosity, the most severe first. */
#ifndef TFOMAP_LOG_LEVEL_H
#define TFOMAP_LOG_LEVEL_H

enum log_level { LOG_ERROR, LOG_WARN, LOG_NOTICE, LOG_INFO, LOG_DEBUG };

#endif
