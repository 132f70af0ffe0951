#!/bin/sh
# Runs Microsoft's own Linux agent as the agent of a simulated machine, until it is stopped:
#
#     sudo backupsim guest netns VM ./run-waagent.sh FOLDER
#
# FOLDER holds the unpacked package of the agent (dpkg-deb -x waagent_*.deb FOLDER): installed, it would take this system
# for a virtual machine of Azure. The agent's daemon prepares a machine for the part that handles extensions; what it
# would do of that is done here.
set -eu
agent=$1
library=/var/lib/waagent
printf 168.63.129.16 > $library/WireServerEndpoint
printf WireProtocol > $library/Protocol
if [ ! -e $library/TransportCert.pem ]; then
    openssl req -x509 -nodes -subj /CN=LinuxTransport -days 730 -newkey rsa:2048 \
        -keyout $library/TransportPrivate.pem -out $library/TransportCert.pem 2> /dev/null
fi
cat > $library/waagent.conf <<END
Provisioning.Agent=disabled
ResourceDisk.Format=n
OS.EnableFirewall=n
OS.EnableRDMA=n
AutoUpdate.Enabled=n
Extensions.GoalStatePeriod=6
Logs.Collect=n
Logs.Console=n
Pid.File=$library/waagent.pid
END
printf %s $$ > $library/waagent.pid # the agent ends when its parent is another process
PYTHONPATH=$agent/usr/lib/python3/dist-packages /usr/bin/python3 "$agent/usr/sbin/waagent" \
    -run-exthandlers -configuration-path:$library/waagent.conf
