#!/bin/sh
# A command hook of Claude Code that asks the judge and stops the action where it cannot: HTTP hooks
# fail open when the judge is down, this does not. Needs curl. Keep it where the agent cannot write.
#
# In managed settings, for each of PreToolUse, PermissionRequest, UserPromptSubmit and PostToolUse,
# with the name of the hook as its argument:
#
#   {"hooks": {"PreToolUse": [{"matcher": "*", "hooks": [
#     {"type": "command", "command": "/etc/magistrate/claude-hook PreToolUse", "timeout": 15}]}]}}
#
# The timeout must be longer than curl's below: a hook that runs out of time lets the action pass.
# Where the judge wants a token, /etc/magistrate/claude-hook.header holds the line
# `Authorization: Bearer TOKEN`.
judge='{judge}/hooks/claude-code'
header_file=/etc/magistrate/claude-hook.header

# Project settings set the environment: no other curl, proxy or certificate may come from there.
PATH=/usr/bin:/bin:/usr/local/bin:/opt/homebrew/bin
export PATH
unset CURL_CA_BUNDLE CURL_HOME SSL_CERT_FILE SSL_CERT_DIR

hook=$1
set -- -H "X-Hook-Event: $hook"
[ -e "$header_file" ] && set -- "$@" -H "@$header_file"
answer=$(curl -q --noproxy '*' -sSf -m 10 -H 'Content-Type: application/json' "$@" --data-binary @- "$judge") ||
  answer=
case $answer in
'{'*'}')
  printf '%s\n' "$answer"
  exit 0
  ;;
esac

reason='The policy judge cannot be reached, so nothing passes.'
if [ "$hook" = PermissionRequest ]; then
  # This hook takes no exit code for a denial.
  printf '{"hookSpecificOutput":{"hookEventName":"%s","decision":{"behavior":"deny","message":"%s"}}}\n' "$hook" "$reason"
  exit 0
fi
printf '%s\n' "$reason" >&2
exit 2
