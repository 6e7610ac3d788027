#!/usr/bin/env bash
# What is typed in the demo's terminal. Each command waits for a line in the pipe that the first argument names.
set -u
next() {
  read -r _ <"$pipe"
}
command() {
  printf '\e[1;32mada\e[0m:~$ '
  next
  printf '%s\n' "$1"
  eval "$1"
}
pipe=$1
clear
command 'hither login --no-keyring --tunnel "$TUNNEL" $URL'
command 'hither whoami'
printf '\e[1;32mada\e[0m:~$ '
next
