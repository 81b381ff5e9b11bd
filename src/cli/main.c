/*
 * main.c - the process: all else is in commands.c.
 */
#include "run.h"

int main(int argc, char **argv)
{
    return cli_command_main(argc, argv);
}
