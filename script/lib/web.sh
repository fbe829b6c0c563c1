# Building the webmail (web/) into build/web. Sourced by the scripts beside it.

# gp_npm_install   what web/package-lock.json names, unless it is there already
gp_npm_install() {
  local lock=web/package-lock.json there=web/node_modules/.installed log
  cmp -s "$lock" "$there" && return 0
  command -v npm >/dev/null || { echo "npm is not installed."; return 1; }
  log=$(mktemp)
  if ! (cd web && npm ci --no-audit --no-fund --loglevel=error --fetch-retry-mintimeout=2000 --fetch-retry-maxtimeout=10000) >"$log" 2>&1; then
    tail -n 8 "$log"
    rm -f "$log"
    echo "npm could not install what the webmail is built with: is its registry within reach?"
    return 1
  fi
  rm -f "$log"
  cp "$lock" "$there"
}

# gp_build_web   when a source is newer than what was built; says why when it fails
gp_build_web() {
  local built=build/web/index.html log
  if [ -f "$built" ] && [ -z "$(find web -path web/node_modules -prune -o -path web/e2e -prune -o -path web/unit -prune -o -type f -newer "$built" -print -quit)" ]; then
    return 0
  fi
  gp_npm_install || return 1
  echo "Building the webmail."
  log=$(mktemp)
  if ! (cd web && npm run --silent build) >"$log" 2>&1; then
    tail -n 30 "$log"
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
  touch "$built"
}
