# Stops the server; it first ends what it has begun.
class roboconf_javaserver::stop(
  $runningState = 'stopped',
  $ip = undef,
  $httpport = undef,
  $ajpport = undef,
  $heap = undef,
  $oracle = undef,
  $jmsbridge = undef,
) {
  service { 'jboss':
    ensure => $runningState,
  }
}
