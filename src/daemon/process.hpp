#pragma once

#include <cstddef>

namespace gatepost::daemon {

// What holds for the whole process, before there are threads: files of ours are for our user alone (umask), no core
// file (it would hold mail and keys), as many descriptors as the hard limit allows, and an allocator that gives memory
// back. SIGPIPE is ignored.
void prepare_process(std::size_t io_threads);

// Blocks the signals that wait_for_signal() takes, in this thread and all it creates.
void block_signals();

// SIGTERM, SIGINT (stop), SIGHUP (reload), SIGUSR1 (open log files anew); 0 when `milliseconds` have passed.
int wait_for_signal(long milliseconds);
// Makes wait_for_signal() return `number`. From any thread.
void send_signal(int number);

}  // namespace gatepost::daemon
