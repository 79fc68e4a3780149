"""Every position of the lines that a syslog sender writes, as templates: {} is where the text goes."""

LINES = {
    "rfc5424 message": "<13>1 2026-11-23T10:15:02Z proxy app 17 ID47 - {}",
    "rfc5424 host": "<13>1 2026-11-23T10:15:02Z {} app 17 ID47 - hello",
    "rfc5424 app": "<13>1 2026-11-23T10:15:02Z proxy {} 17 ID47 - hello",
    "rfc5424 process": "<13>1 2026-11-23T10:15:02Z proxy app {} ID47 - hello",
    "rfc5424 message id": "<13>1 2026-11-23T10:15:02Z proxy app 17 {} - hello",
    "rfc5424 parameter": '<13>1 2026-11-23T10:15:02Z proxy app 17 ID47 [ex@32473 note="{}"] hello',
    "rfc5424 parameter name": '<13>1 2026-11-23T10:15:02Z proxy app 17 ID47 [ex@32473 {}="x"] hello',
    "rfc3164 message": "<34>Nov 23 10:15:02 proxy su: {}",
    "rfc3164 tag": "<34>Nov 23 10:15:02 proxy {}: hello",
    "rfc3164 host": "<34>Nov 23 10:15:02 {} su: hello",
    "cef name": "CEF:0|Acme|Proxy|1.0|100|{}|7|src=192.0.2.1 act=blocked",
    "cef vendor": "CEF:0|{}|Proxy|1.0|100|Upload|7|src=192.0.2.1 act=blocked",
    "cef extension": "CEF:0|Acme|Proxy|1.0|100|Upload|7|src=192.0.2.1 request=https://b.example/{} act=blocked msg={}",
    "json value": '{{"url":"https://a.example/x","method":"PUT","note":"{json}"}}',
    "json name": '{{"url":"https://a.example/x","method":"PUT","{json}":"x"}}',
    "json deep": '{{"url":"https://a.example/x","a":{{"b":["x",{{"c":"{json}"}}]}}}}',
    "squid url": "1795422229.068 231 192.0.2.10 TCP_MISS/200 1543 GET http://www.example.com/a?q={} ana HIER_DIRECT/198.51.100.7 text/html",
    "squid user": "1795422229.068 231 192.0.2.10 TCP_MISS/200 1543 GET http://www.example.com/a {} HIER_DIRECT/198.51.100.7 text/html",
    "squid type": "1795422229.068 231 192.0.2.10 TCP_MISS/200 1543 GET http://www.example.com/a ana HIER_DIRECT/198.51.100.7 {}",
    "unknown line": "{}",
}
