#!/usr/bin/env bash
# wrk's opinion on the peak: product frames and a bare fasthttp server that sends the same bytes, in turn, five rounds,
# medians. Usage: bench/wrk.sh ORRERY [CONNECTIONS [SECONDS]]. Needs wrk and curl. wrk is a closed loop.
set -euo pipefail
orrery=$(realpath "$1") connections=${2:-32} seconds=${3:-4}
dir=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; wait 2>/dev/null; rm -rf "$dir"' EXIT
http=127.0.0.1:18080 bare=127.0.0.1:18081

"$orrery" demo --data-dir "$dir/data" --demo.products 2000 --demo.history-rate 1 --kafka.unsynced \
	--http.listen $http --admin.listen - --kafka.listen 127.0.0.1:19092 >"$dir/log" 2>&1 &
product=
for _ in $(seq 120); do
	sleep 0.5
	product=$(curl -s "http://$http/v1/frames/most_viewed?n=1" | sed -n 's/.*"items":\[{"item_id":"\([^"]*\)".*/\1/p')
	[[ -n $product ]] && curl -s "http://$http/v1/frames/product_page?product=$product&n=8" | grep -q '"item_id"' && break
done
sleep 5 # the history goes in
path="/v1/frames/product_page?visitor=wrk&product=$product&n=8"
body=$(curl -s "http://$http$path")
exec 8> >("$orrery" bench bare --listen $bare) # it ends when its input does
printf '/v1/frames/ %d\n%s\n\n' $((${#body} + 1)) "$body" >&8
sleep 1

rate() { wrk -t1 -c"$connections" -d"${seconds}s" "http://$1$path" | awk '/Requests\/sec/ {print $2}'; }
rate $http >/dev/null
rate $bare >/dev/null
echo "body $((${#body} + 1)) B, $connections connections, $seconds s, $("$orrery" version | head -1)"
for round in 1 2 3 4 5; do
	f=$(rate $http) b=$(rate $bare)
	echo "$f $b" | awk -v r=$round '{printf "round %d: orrery %.0f/s, bare %.0f/s, ratio %.2f\n", r, $1, $2, $1/$2}'
	echo "$f $b" >>"$dir/rounds"
done
awk '{print $1}' "$dir/rounds" | sort -n | awk 'NR==3 {printf "median: orrery %.0f/s, ", $1}'
awk '{print $2}' "$dir/rounds" | sort -n | awk 'NR==3 {printf "bare %.0f/s, ", $1}'
awk '{print $1/$2}' "$dir/rounds" | sort -n | awk 'NR==3 {printf "ratio %.2f\n", $1}'
exec 8>&-
