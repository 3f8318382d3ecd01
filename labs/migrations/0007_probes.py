import django.db.models.deletion
import django.utils.timezone
import labs.inside.states
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('labs', '0006_delivering'),
    ]

    operations = [
        migrations.CreateModel(
            name='Probe',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(help_text="hash of question, parameters and the run's state", max_length=64)),
                ('question', models.CharField(max_length=20)),
                ('params', models.JSONField(default=dict)),
                ('state', models.CharField(choices=labs.inside.states.probed_choices, default='waiting', max_length=10)),
                ('packed', models.BinaryField(default=b'', help_text='the answer: JSON, compressed')),
                ('error', models.CharField(blank=True, max_length=40)),
                ('detail', models.JSONField(default=dict, help_text='what the sentence of the error needs')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('claimed_at', models.DateTimeField(blank=True, help_text='names the worker that may end it', null=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='probes', to='labs.run')),
            ],
            options={
                'verbose_name': 'question about a model',
                'verbose_name_plural': 'questions about models',
                'ordering': ['-pk'],
                'indexes': [models.Index(fields=['state', 'created_at'], name='probe_open')],
                'constraints': [models.UniqueConstraint(fields=('run', 'key'), name='one_probe_of_key')],
            },
        ),
    ]
