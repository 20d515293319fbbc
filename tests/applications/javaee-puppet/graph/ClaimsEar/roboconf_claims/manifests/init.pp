# The EAR is there while it should run.
class roboconf_claims($runningState = undef, $importDiff = undef) {
  $ensure = $runningState ? {
    'running' => file,
    default   => absent,
  }
  file { '/opt/jboss/standalone/deployments/claims.ear':
    ensure => $ensure,
    source => '/srv/packages/claims.ear',
  }
  file { '/opt/jboss/standalone/configuration/claims-ui.properties':
    source => 'puppet:///modules/roboconf_claims/claims.properties',
  }
}
