/* The bridge is an own process, so that it can be moved to a machine of its own. */
class roboconf_bridge ($runningState = undef, $importDiff = undef, $ip = '127.0.0.1', $port = 5445) {
  $unit = @("UNIT"/L)
    [Service]
    ExecStart=/opt/bridge/run --listen ${ip}:${port} # it's "ready" when it (listens
    | UNIT
  file { '/etc/systemd/system/jms-bridge.service':
    content => $unit,
  }
  ~> service { 'jms-bridge':
    ensure => $runningState,
  }
}
