# Removes what deploy installed; logs stay.
class roboconf_javaserver::undeploy(
  $runningState = undef,
  $ip = undef,
  $httpport = undef,
  $ajpport = undef,
  $heap = undef,
  $oracle = undef,
  $jmsbridge = undef,
) {
  file { '/opt/jboss/bin':
    ensure => absent,
    force  => true,
  }
}
