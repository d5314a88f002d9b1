# A server that accepts no connection, and whose queue of them is full: whoever comes
# waits for an answer to its first packet.  Its port goes to the file named first.
import socket
import sys
import time

server = socket.socket()
server.bind(('127.0.0.1', 0))
server.listen(0)
waiting = []
for _ in range(8):
    one = socket.socket()
    one.setblocking(False)
    one.connect_ex(server.getsockname())
    waiting.append(one)
time.sleep(0.5)
with open(sys.argv[1], 'w') as f:
    print(server.getsockname()[1], file=f)
while True:
    time.sleep(60)
