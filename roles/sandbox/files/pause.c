/* The process that holds a pod's namespaces: sleeps, reaps orphans, ends on TERM or INT. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void end(int number) { (void)number; _exit(0); }

static void reap(int number)
{
    (void)number;
    while (waitpid(-1, 0, WNOHANG) > 0) { }
}

int main(void)
{
    struct sigaction action = {.sa_handler = end};
    sigaction(SIGTERM, &action, 0);
    sigaction(SIGINT, &action, 0);
    action.sa_handler = reap;
    action.sa_flags = SA_NOCLDSTOP;
    sigaction(SIGCHLD, &action, 0);
    for (;;) pause();
}
