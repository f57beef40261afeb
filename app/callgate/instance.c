/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The claim is a lock on a file in EAL's runtime folder. The kernel lets go of it when the process
 * ends, so nothing is left to clean up after a crash, and the file itself stays. EAL has such a lock
 * of its own, but not in the modes without shared files that callgate uses.
 */
#include "instance.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <rte_eal.h>

#include "core/log.h"

static int
refuse(int file, const char *file_prefix)
{
	char owner[16] = "";
	ssize_t length = read(file, owner, sizeof(owner) - 1);

	owner[length > 0 ? length : 0] = '\0';
	LOG(ERR,
		"process %s runs with system.file_prefix \"%s\" already; another instance needs "
		"another file_prefix",
		*owner ? owner : "?", file_prefix);
	close(file);
	return -EBUSY;
}

int
instance_claim(const char *file_prefix)
{
	char path[PATH_MAX];
	int file, rc;

	snprintf(path, sizeof(path), "%s/callgate.lock", rte_eal_get_runtime_dir());
	file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (file < 0) {
		rc = -errno;
		LOG(ERR, "cannot make %s: %s", path, strerror(-rc));
		return rc;
	}
	if (flock(file, LOCK_EX | LOCK_NB) != 0)
		return refuse(file, file_prefix);
	/* The number is for people only; the lock decides. The file stays open: it is the lock. */
	if (ftruncate(file, 0) == 0)
		dprintf(file, "%d", (int)getpid());
	return 0;
}
