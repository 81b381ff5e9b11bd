/*
 * main.c - the process: all else is in commands.c.
 */
#include "command.h"

int main(int argc, char **argv)
{
    return ss_command_main(argc, argv);
}
