{{- $domain := get "vars/bucket" "domain" -}}
{{- $port := get "maand/job/web" "port_https" -}}
daemon off;
worker_processes {{max 1 (div (int (get (printf "maand/worker/%s" .WorkerIP) "worker_cpu_mhz")) 1000)}};
pid {{.JobPath}}/data/nginx.pid;
error_log {{.JobPath}}/logs/error.log warn;

events {
  worker_connections 1024;
}

http {
  include {{.JobPath}}/mime.types;
  access_log {{.JobPath}}/logs/access.log;
  client_body_temp_path {{.JobPath}}/data/body;
  proxy_temp_path {{.JobPath}}/data/proxy;
  fastcgi_temp_path {{.JobPath}}/data/fastcgi;
  uwsgi_temp_path {{.JobPath}}/data/uwsgi;
  scgi_temp_path {{.JobPath}}/data/scgi;

  upstream app {
    {{- $here := .WorkerIP}}
    {{- range split (get "maand/job/app" "workers") ","}}
    server {{.}}:{{get "maand/job/app" "port_app"}} {{if ne . $here}}backup {{end}}max_fails=2;
    {{- end}}
  }

  server {
    listen {{.WorkerIP}}:{{$port}} ssl;
    server_name {{$domain}} www.{{$domain}};
    ssl_certificate {{.JobPath}}/certs/web.crt;
    ssl_certificate_key {{.JobPath}}/certs/web.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    root {{.JobPath}}/html;

    location / {
      proxy_pass http://app;
      proxy_set_header Host $host;
    }
    location /admin/ {
      auth_basic "operators";
      auth_basic_user_file {{.JobPath}}/htpasswd;
      proxy_pass http://app;
    }
  }
}
