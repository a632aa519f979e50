# bash completion for chorale(1): verbs, options, files. Needs nothing but bash 4: source it. Where the bash-completion
# package is installed, the first <Tab> loads it from /usr/share/bash-completion/completions/chorale.
# shellcheck shell=bash

_chorale() {
  local current=${COMP_WORDS[COMP_CWORD]} previous="" verb="" word i
  [ "$COMP_CWORD" -gt 0 ] && previous=${COMP_WORDS[COMP_CWORD - 1]}
  COMPREPLY=()

  # bash breaks --file=NAME into three words at the '='.
  if [ "$current" = "=" ]; then
    previous="=" current=""
  fi
  if [ "$previous" = "=" ]; then
    i=$((COMP_CWORD - 1))
    [ "${COMP_WORDS[i]}" = "=" ] && i=$((i - 1))
    previous=${COMP_WORDS[i]}
  fi

  case $previous in
    --reason | --since) return ;;
    -f | --file | --apps)
      compopt -o filenames 2> /dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      return
      ;;
    -o)
      compopt -o filenames 2> /dev/null
      mapfile -t COMPREPLY < <(compgen -d -- "$current")
      return
      ;;
  esac

  # The first word that is neither an option nor an option's value.
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    case $word in
      -f | --file | --apps | --reason | --since | -o)
        i=$((i + 1))
        [ "${COMP_WORDS[i]}" = "=" ] && i=$((i + 1))
        ;;
      -* | =) ;;
      *)
        verb=$word
        break
        ;;
    esac
  done

  local words="-h --help -f --file"
  case $verb in
    "")
      words+=" --version"
      [[ $current == -* ]] || words="accept agent check compare diff drain explain forget history hold migrate release reload render repair routes status template undrain version"
      ;;
    render) words+=" --apps" ;;
    drain) words+=" --reason" ;;
    status) words+=" --json --watch" ;;
    explain) words+=" --json" ;;
    history) words+=" --json --since" ;;
    hold) words+=" --reason" ;;
    agent) words+=" --test" ;;
    migrate) words="-h --help -o" ;;
    accept | check | compare | diff | forget | release | reload | repair | routes | undrain | version) ;;
    template)
      # Then one of its own verbs, and the file of `push`.
      for ((i++; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
          -f | --file | --on)
            i=$((i + 1))
            [ "${COMP_WORDS[i]}" = "=" ] && i=$((i + 1))
            ;;
          -* | =) ;;
          *)
            verb="template ${COMP_WORDS[i]}"
            break
            ;;
        esac
      done
      [[ $verb == template && $current != -* ]] && words="push show history rollback" verb=""
      [[ $verb == "template push" ]] && words+=" --on"
      ;;
    *) return ;;
  esac
  if [[ ($verb == migrate || $verb == "template push") && $current != -* ]]; then
    compopt -o filenames 2> /dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
    return
  fi
  # After a verb an empty word may become an app or nothing at all: options only when they are asked for.
  [[ -n $verb && $current != -* ]] && return
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _chorale chorale
