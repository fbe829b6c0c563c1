# A private certificate authority for the demo and the tests. Sourced.

# gp_make_pki DIR NAME...   DIR/ca.pem, DIR/server.pem (with chain), DIR/server.key for the names (DNS) and loopback.
gp_make_pki() {
  local dir=$1 names="" name
  shift
  mkdir -p "$dir"
  for name in "$@"; do names+="DNS:$name,"; done
  openssl ecparam -name prime256v1 -genkey -noout -out "$dir/ca.key" 2>/dev/null
  openssl req -x509 -new -key "$dir/ca.key" -sha256 -days 3650 -subj "/CN=Gatepost demo CA" -out "$dir/ca.pem" \
    -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign" 2>/dev/null
  openssl ecparam -name prime256v1 -genkey -noout -out "$dir/server.key" 2>/dev/null
  openssl req -new -key "$dir/server.key" -subj "/CN=$1" -out "$dir/server.csr" 2>/dev/null
  printf 'subjectAltName=%sIP:127.0.0.1,IP:::1\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n' "$names" >"$dir/server.ext"
  openssl x509 -req -in "$dir/server.csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -CAcreateserial -sha256 -days 820 \
    -extfile "$dir/server.ext" -out "$dir/leaf.pem" 2>/dev/null
  cat "$dir/leaf.pem" "$dir/ca.pem" >"$dir/server.pem"
  rm -f "$dir/server.csr" "$dir/server.ext" "$dir/leaf.pem" "$dir/ca.srl"
  chmod 600 "$dir/ca.key"
  chmod 640 "$dir/server.key"
}
