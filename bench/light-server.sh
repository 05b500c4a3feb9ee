# A server on stdio of a shell's size, so that two hundred of them fit beside what is measured.
while IFS= read -r line; do
  case $line in *'"id":'*) ;; *) continue ;; esac
  id=${line##*\"id\":}
  id=${id%%[,\}]*}
  case $line in
    *'"method":"initialize"'*)
      version=${line#*\"protocolVersion\":\"}
      result="{\"protocolVersion\":\"${version%%\"*}\",\"capabilities\":{\"tools\":{}},\"serverInfo\":{\"name\":\"light\",\"version\":\"1\"}}" ;;
    *'"method":"tools/list"'*) result='{"tools":[{"name":"echo","inputSchema":{"type":"object"}}]}' ;;
    *'"method":"tools/call"'*) result='{"content":[{"type":"text","text":"hello"}]}' ;;
    *) result='{}' ;;
  esac
  printf '{"jsonrpc":"2.0","id":%s,"result":%s}\n' "$id" "$result"
done
